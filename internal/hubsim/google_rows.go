package hubsim

import "time"

// googleTime writes a moment as the account's own clock shows it, without a
// zone. That it is the account's time zone is not confirmed.
func (h *googleHub) googleTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	zone, err := time.LoadLocation(h.settings.TimeZone)
	if err != nil { // check has loaded it before
		panic(err)
	}
	return t.In(zone).Format(time.DateTime)
}

// googleSet leaves out what is empty: unset fields are omitted in JSON.
func googleSet(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (gc *googleCall) customerRows() []googleRow {
	h := gc.hub
	return []googleRow{func(field string, _ time.Time) any {
		switch field {
		case "resource_name":
			return "customers/" + h.id
		case "id":
			return h.id
		case "descriptive_name":
			return h.name
		case "manager":
			return h.settings.Manager
		case "test_account":
			return h.settings.TestAccount
		case "time_zone":
			return h.settings.TimeZone
		case "status":
			if h.settings.Blocked {
				return "SUSPENDED"
			}
			return h.settings.Status
		default:
			panic("hubsim: customer has no field " + field)
		}
	}}
}

// googleRows are what a ledger shows now.
func googleRows[T any](l *ledger[T], now time.Time, row func(T) googleRow) []googleRow {
	rows := make([]googleRow, 0, len(l.entries))
	for _, e := range l.entries {
		if e.visible(now) {
			rows = append(rows, row(e.value))
		}
	}
	return rows
}

// userRows are the people with direct access; who comes through a manager is
// deliberately not among them.
func (gc *googleCall) userRows() []googleRow {
	return googleRows(&gc.hub.users, gc.now, func(u *googleUser) googleRow { return u.field })
}

func (u *googleUser) field(field string, now time.Time) any {
	switch field {
	case "resource_name":
		return u.resource()
	case "user_id":
		return u.id
	case "email_address":
		return googleSet(u.email)
	case "access_role":
		role, _ := u.shown.at(now) // a row shows no earlier than its role
		return googleRoleShown(role)
	case "access_creation_date_time":
		return u.hub.googleTime(u.createdAt)
	case "inviter_user_email_address":
		return googleSet(u.inviter)
	case "passkey_enabled":
		if !u.passkey {
			return nil
		}
		return true
	case "pending_multi_party_auth_review":
		if !u.review.pending(now) || !u.review.entry.visible(now) {
			return nil
		}
		return u.review.resource()
	default:
		panic("hubsim: customer_user_access has no field " + field)
	}
}

func (gc *googleCall) invitationRows() []googleRow {
	return googleRows(&gc.hub.invitations, gc.now, func(i *googleInvitation) googleRow { return i.field })
}

func (i *googleInvitation) field(field string, now time.Time) any {
	switch field {
	case "resource_name":
		return i.resource()
	case "invitation_id":
		return i.id
	case "email_address":
		return i.email
	case "access_role":
		return googleRoleShown(i.role)
	case "creation_date_time":
		return i.hub.googleTime(i.createdAt)
	case "invitation_status":
		return i.status(now)
	default:
		panic("hubsim: customer_user_access_invitation has no field " + field)
	}
}

func (gc *googleCall) reviewRows() []googleRow {
	return googleRows(&gc.hub.reviews, gc.now, func(r *googleReview) googleRow { return r.field })
}

func (r *googleReview) field(field string, now time.Time) any {
	switch field {
	case "resource_name":
		return r.resource()
	case "multi_party_auth_review_id":
		return r.id
	case "creation_date_time":
		return r.hub.googleTime(r.createdAt)
	case "approval_date_time":
		if r.closed != googleApproved {
			return nil
		}
		return r.hub.googleTime(r.decidedAt)
	case "review_status":
		return r.status(now)
	case "request_user_email":
		return r.requester
	case "justification":
		return nil // only the screens ask for one
	case "operation_type":
		return r.operation
	case "target_resource":
		if r.user != nil {
			return "CUSTOMER_USER_ACCESS"
		}
		return "CUSTOMER_USER_ACCESS_INVITATION"
	case "customer_user_access_review.old_customer_user_access":
		if r.user == nil {
			return nil
		}
		return r.user.resource()
	case "customer_user_access_review.new_customer_user_access":
		if r.operation != googleUpdate {
			return nil
		}
		return googleFields{"accessRole": r.role}
	case "customer_user_access_invitation_review.new_customer_user_access_invitation":
		if !r.invites() {
			return nil // what a held cancellation shows is not documented
		}
		return googleFields{"emailAddress": r.email, "accessRole": r.role}
	default:
		panic("hubsim: multi_party_auth_review has no field " + field)
	}
}
