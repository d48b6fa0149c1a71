# The state in PostgreSQL. The connection string comes from PG_CONN_STR, the schema
# from PG_SCHEMA_NAME: written here they would be in git, and with -backend-config
# in .terraform and in every saved plan.
terraform {
  backend "pg" {}
}
