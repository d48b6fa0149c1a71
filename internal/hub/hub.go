// Package hub is the vocabulary of roster: what a business hub is, who its
// members are, which tasks change them and why a task can fail, and the
// contract every platform connector signs.
//
// It imports the standard library alone. Everything else points inward at it.
package hub

import (
	"fmt"
	"net/mail"
	"strings"
)

// Ref names one hub: one business on one platform. Its text form is
// "<platform>/<business_id>", which is also the Terraform id of
// roster_business_hub.
type Ref struct {
	Platform   string // platform name, for example "meta_business"
	BusinessID string // the platform's id of the business, never with a slash
}

// ParseRef reads "<platform>/<business_id>". The error says what is missing;
// whether the platform exists is for the caller to say.
func ParseRef(s string) (Ref, error) {
	platform, business, found := strings.Cut(s, "/")
	switch {
	case !found:
		return Ref{}, fmt.Errorf("%q has no slash: a hub id is <platform>/<business_id>", s)
	case platform == "":
		return Ref{}, fmt.Errorf("%q has no platform before the slash: a hub id is <platform>/<business_id>", s)
	case business == "":
		return Ref{}, fmt.Errorf("%q has no business id after the slash: a hub id is <platform>/<business_id>", s)
	case strings.Contains(business, "/"):
		return Ref{}, fmt.Errorf("%q has more than one slash: a hub id is <platform>/<business_id>", s)
	case strings.TrimSpace(s) != s:
		return Ref{}, fmt.Errorf("%q begins or ends with white space: a hub id is <platform>/<business_id>", s)
	}
	return Ref{Platform: platform, BusinessID: business}, nil
}

func (r Ref) String() string { return r.Platform + "/" + r.BusinessID }

// MemberRef names one person's seat on one hub. Its text form is
// "<platform>/<business_id>/<email>" with the e-mail folded.
type MemberRef struct {
	Hub   Ref
	Email string // folded, see FoldEmail
}

// ParseMemberRef reads "<platform>/<business_id>/<email>" and folds the e-mail.
func ParseMemberRef(s string) (MemberRef, error) {
	const form = "a member id is <platform>/<business_id>/<email>"
	parts := strings.SplitN(s, "/", 3)
	if len(parts) != 3 {
		return MemberRef{}, fmt.Errorf("%q has %d of 3 parts: %s", s, len(parts), form)
	}
	ref, err := ParseRef(parts[0] + "/" + parts[1])
	if err != nil {
		return MemberRef{}, fmt.Errorf("%q names no hub: %s", s, form)
	}
	if err := ValidEmail(parts[2]); err != nil {
		return MemberRef{}, fmt.Errorf("%q does not end in an e-mail address (%w): %s", s, err, form)
	}
	return MemberRef{Hub: ref, Email: FoldEmail(parts[2])}, nil
}

func (m MemberRef) String() string { return m.Hub.String() + "/" + m.Email }

// RoleRef names one role of one member. Its text form is
// "<platform>/<business_id>/<email>/<role>".
type RoleRef struct {
	Member MemberRef
	Role   string
}

// ParseRoleRef reads "<platform>/<business_id>/<email>/<role>". The role begins
// at the first slash behind the at sign: a local part may hold a slash, a
// domain may not.
func ParseRoleRef(s string) (RoleRef, error) {
	const form = "a member role id is <platform>/<business_id>/<email>/<role>"
	at := strings.LastIndex(s, "@")
	if at < 0 {
		return RoleRef{}, fmt.Errorf("%q holds no e-mail address: %s", s, form)
	}
	domain, role, found := strings.Cut(s[at:], "/")
	if !found || role == "" {
		return RoleRef{}, fmt.Errorf("%q names no role behind the e-mail address: %s", s, form)
	}
	member, err := ParseMemberRef(s[:at] + domain)
	if err != nil {
		return RoleRef{}, fmt.Errorf("%w; %s", err, form)
	}
	return RoleRef{Member: member, Role: role}, nil
}

func (r RoleRef) String() string { return r.Member.String() + "/" + r.Role }

// FoldEmail is how roster compares addresses: trimmed and in lower case. The
// platforms differ in what they keep; none of the contracts tells two people
// apart by case.
func FoldEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// ValidEmail says what is wrong with a bare address (no display name, no angle
// brackets), or nil.
func ValidEmail(s string) error {
	addr, err := mail.ParseAddress(s)
	if err != nil {
		return fmt.Errorf("%q is not an e-mail address such as ada@northwind.example", s)
	}
	if addr.Address != s {
		return fmt.Errorf("%q is more than a bare e-mail address: write %q", s, addr.Address)
	}
	if !strings.Contains(s[strings.LastIndex(s, "@"):], ".") {
		return fmt.Errorf("%q has no dot in its domain", s)
	}
	return nil
}
