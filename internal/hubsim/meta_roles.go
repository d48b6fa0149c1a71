package hubsim

import (
	"fmt"
	"slices"
	"strings"
)

const (
	metaRoleAdmin    = "ADMIN"
	metaRoleEmployee = "EMPLOYEE"
)

// metaRoles are the values role and tasks take, with what each grants: a base
// role, or an additional one. That the four task-style names equal older ones is
// not documented; the simulator takes them for that.
// API: Meta, "Business User" reference, enumeration of role and tasks.
var metaRoles = map[string]struct{ base, extra string }{
	"ADMIN":                     {base: metaRoleAdmin},
	"EMPLOYEE":                  {base: metaRoleEmployee},
	"MANAGE":                    {base: metaRoleAdmin},
	"DEFAULT":                   {base: metaRoleEmployee},
	"FINANCE_EDITOR":            {extra: "FINANCE_EDITOR"},
	"FINANCE_ANALYST":           {extra: "FINANCE_ANALYST"},
	"FINANCE_EDIT":              {extra: "FINANCE_EDITOR"},
	"FINANCE_VIEW":              {extra: "FINANCE_ANALYST"},
	"ADS_RIGHTS_REVIEWER":       {extra: "ADS_RIGHTS_REVIEWER"},
	"DEVELOPER":                 {extra: "DEVELOPER"},
	"PARTNER_CENTER_ADMIN":      {extra: "PARTNER_CENTER_ADMIN"},
	"PARTNER_CENTER_ANALYST":    {extra: "PARTNER_CENTER_ANALYST"},
	"PARTNER_CENTER_OPERATIONS": {extra: "PARTNER_CENTER_OPERATIONS"},
	"PARTNER_CENTER_MARKETING":  {extra: "PARTNER_CENTER_MARKETING"},
	"PARTNER_CENTER_EDUCATION":  {extra: "PARTNER_CENTER_EDUCATION"},
}

// metaGrant is a base role with the additional ones beside it.
type metaGrant struct {
	base  string
	extra []string
}

// with returns the grant after one more role is given: a base role replaces the
// base, an additional one joins. Whether an additional role given to a member
// replaces their base role is not documented; here it does not.
func (g metaGrant) with(role string) metaGrant {
	r := metaRoles[role]
	if r.base != "" {
		g.base = r.base
		return g
	}
	g.extra = slices.Clone(g.extra)
	if strings.HasPrefix(r.extra, "FINANCE_") { // one finance permission at a time
		g.extra = slices.DeleteFunc(g.extra, func(e string) bool { return strings.HasPrefix(e, "FINANCE_") })
	}
	if !slices.Contains(g.extra, r.extra) {
		g.extra = append(g.extra, r.extra)
	}
	return g
}

// grantOf is what a list of roles grants from nothing.
func metaGrantOf(roles ...string) metaGrant {
	g := metaGrant{base: metaRoleEmployee}
	for _, role := range roles {
		if g.base == metaRoleAdmin && metaRoles[role].base != "" {
			continue // tasks has no order: administrator is the stronger of two
		}
		g = g.with(role)
	}
	return g
}

// roleExists says whether the business knows the role.
func (h *metaHub) roleExists(role string) bool {
	if _, known := metaRoles[role]; !known {
		return false
	}
	return h.settings.PartnerCenter || !strings.HasPrefix(role, "PARTNER_CENTER_")
}

// grantNamed is a grant from a base role and additional ones, as seeds and acts
// give them.
func (h *metaHub) grantNamed(role string, extra []string) (metaGrant, error) {
	for _, r := range append([]string{role}, extra...) {
		if !h.roleExists(r) {
			return metaGrant{}, fmt.Errorf("role %q is not a role of %s/%s", r, metaName, h.id)
		}
	}
	return metaGrantOf(append([]string{role}, extra...)...), nil
}

// spelled is the base role as this business's answers spell it.
func (h *metaHub) spelled(role string) string {
	if h.settings.RoleSpelling == "title" {
		return role[:1] + strings.ToLower(role[1:])
	}
	return role
}

// finance is the value of finance_permission and finance_role, "" for none.
func (g metaGrant) finance() string {
	for _, e := range g.extra {
		if kind, ok := strings.CutPrefix(e, "FINANCE_"); ok {
			return kind
		}
	}
	return ""
}

// rights is the value of ip_permission and ip_role, "" for none.
func (g metaGrant) rights() string {
	if slices.Contains(g.extra, "ADS_RIGHTS_REVIEWER") {
		return "Reviewer"
	}
	return ""
}

func (g metaGrant) tasks() []string { return append([]string{g.base}, g.extra...) }
