package hubsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// scimProfiles are the habits of vendors, as bundles of settings on top of a
// strict service provider. They say what differs, not all a vendor does.
var scimProfiles = map[string]Settings{
	"": nil,

	// API: Slack, "SCIM API", https://docs.slack.dev/reference/scim-api, with its page
	// on rate limits.
	"slack": {
		"soft_delete": true, "rewrites_user_name": true, "unique_emails": true, "id_form": "handle",
		"reads_per_minute": 1000, "writes_per_minute": 180,
	},

	// API: GitHub, "Provisioning users and groups with SCIM using the REST API".
	"github": {
		"user_agent_required": true, "obfuscates_inactive": true, "plain_bad_request": true,
		"roles":       []string{"user", "guest_collaborator", "enterprise_owner", "billing_manager"},
		"admin_roles": []string{"enterprise_owner"},
	},

	// API: Atlassian, "User provisioning REST API". Access comes from groups alone.
	"atlassian": {
		"server_cap": 100, "filter_attributes": []string{"userName", "externalId", "displayName"},
		"filter_operators": []string{"eq"}, "role_source": "groups", "ignore_roles": true,
	},

	// A service provider written against Entra ID, which takes the RFC's forms too.
	// API: Microsoft, "Known issues and resolutions with SCIM 2.0 protocol compliance".
	"entra": {
		"any_case_ops": true, "string_booleans": true, "json_roles": true, "members_value_removes": true,
	},

	// A service provider written against what Okta sends.
	"okta": {"pathless_only": true, "no_empty_members": true},

	// API: AWS, "IAM Identity Center SCIM implementation".
	"aws": {
		"filter_operators": []string{"eq", "and"}, "single_valued": true, "refused_attributes": []string{"entitlements"},
		"unremovable": []string{"userName", "active"}, "role_source": "groups", "member_changes_max": 100, "no_member_replace": true,
	},

	// API: LaunchDarkly, "SCIM errors". The names of the roles are its base roles.
	"launchdarkly": {
		"number_status": true, "roles": []string{"reader", "writer", "admin", "owner", "no_access"},
		"admin_roles": []string{"admin", "owner"}, "owner_role": "owner", "owner_protected": true, "owner_changes": "ignore",
		"protected_status": 400, "inactive_frozen": true, "unique_emails": true,
	},
}

// scimProfile is the behaviour of a profile.
func scimProfile(name string) (scimBehaviour, error) {
	behaviour := defaultScimBehaviour()
	bundle, known := scimProfiles[name]
	if !known {
		return behaviour, fmt.Errorf("settings: profile %q is not one of %q", name, slices.Sorted(maps.Keys(scimProfiles)))
	}
	if bundle == nil {
		return behaviour, nil
	}
	document, err := json.Marshal(bundle)
	if err == nil {
		err = decodeStrictly(document, &behaviour)
	}
	if err != nil { // a bundle is ours, and a test applies each
		panic(fmt.Sprintf("hubsim: profile %s: %v", name, err))
	}
	return behaviour, nil
}
