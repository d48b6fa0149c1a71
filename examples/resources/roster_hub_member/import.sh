# <platform>/<business_id>/<email>: a seat or an open invitation. It only reads.
terraform import roster_hub_member.bo meta_business/222000111000222/bo@northwind.example
