# <platform>/<business_id>/<email>/<role>: a role the person holds. It only reads.
terraform import roster_hub_member_role.ada_admin meta_business/222000111000222/ada@northwind.example/ADMIN
