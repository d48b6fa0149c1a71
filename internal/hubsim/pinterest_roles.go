package hubsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	pinterestAdmin    = "BIZ_ADMIN"
	pinterestEmployee = "EMPLOYEE"
)

// pinterestRoles are what a member can have; PARTNER is for businesses.
var pinterestRoles = []string{pinterestEmployee, pinterestAdmin}

const pinterestPublisher = "PROFILE_PUBLISHER" // the only permission on profiles, and on nothing else

// pinterestPermissions are granted per asset.
// API: Pinterest, OpenAPI document, schema Permissions.
var pinterestPermissions = []string{
	"ADMIN", "ANALYST", "FINANCE_MANAGER", "FINANCE_EDIT", "FINANCE_VIEW", "AUDIENCE_MANAGER", "CAMPAIGN_MANAGER",
	"CATALOGS_MANAGER", "CATALOGS_VIEWER", pinterestPublisher, "CONSUMER_USER",
}

// pinterestAssets are a member's permissions by asset id.
type pinterestAssets map[string][]string

// parsePinterestAssets reads the extra roles of seeds and acts, such as
// "549755885175:ANALYST".
func parsePinterestAssets(extra []string) (pinterestAssets, error) {
	assets := pinterestAssets{}
	for _, e := range extra {
		id, permission, _ := strings.Cut(e, ":")
		if !pinterestOtherID.MatchString(id) || !slices.Contains(pinterestPermissions, permission) {
			return nil, fmt.Errorf("extra role %q is not <asset id>:<permission>, with one of %q", e, pinterestPermissions)
		}
		if !slices.Contains(assets[id], permission) {
			assets[id] = append(assets[id], permission)
		}
	}
	return assets, nil
}

func (a pinterestAssets) extraRoles() []string {
	var extra []string
	for _, id := range slices.Sorted(maps.Keys(a)) {
		for _, permission := range a[id] {
			extra = append(extra, id+":"+permission)
		}
	}
	return extra
}

type pinterestAsset struct {
	ID          string   `json:"id"`
	Permissions []string `json:"permissions"`
}

type pinterestSummary struct {
	AdAccounts []pinterestAsset `json:"ad_accounts"`
	Profiles   []pinterestAsset `json:"profiles"`
}

func (a pinterestAssets) summary() *pinterestSummary {
	s := &pinterestSummary{AdAccounts: []pinterestAsset{}, Profiles: []pinterestAsset{}}
	for _, id := range slices.Sorted(maps.Keys(a)) {
		if slices.Contains(a[id], pinterestPublisher) {
			s.Profiles = append(s.Profiles, pinterestAsset{id, a[id]})
		} else {
			s.AdAccounts = append(s.AdAccounts, pinterestAsset{id, a[id]})
		}
	}
	return s
}

// pinterestRoleNamed is the role seeds and acts ask for.
func pinterestRoleNamed(role string) (string, error) {
	switch role {
	case "":
		return pinterestEmployee, nil
	case generatedAdmin:
		return pinterestAdmin, nil
	}
	if !slices.Contains(pinterestRoles, role) {
		return "", fmt.Errorf("role %q is not one of %q", role, pinterestRoles)
	}
	return role, nil
}
