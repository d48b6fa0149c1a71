# <platform>/<business_id>
terraform import roster_business_hub.paid_social meta_business/222000111000222

# Nothing is lost without an import: to create a hub is to connect to it.
terraform import 'roster_business_hub.clients["retail"]' meta_business/222000111000333
