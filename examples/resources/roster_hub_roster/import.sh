# <platform>/<business_id>: everybody on the hub. It only reads.
terraform import roster_hub_roster.tiktok tiktok_business/6900000000000000001
