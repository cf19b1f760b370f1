"""What a page says after something was done; the query names it, never says it."""

from __future__ import annotations

from pinchtune.web.wording import mark as _

NOTICES = {
    "approved": _("Approved."),
    "sent-back": _("Sent back to its author, with your reason."),
    "revised": _("Saved as a new version. A second person has to approve it."),
    "saved": _("Saved."),
    "submitted": _("Submitted. An approver will look at it."),
    "withdrawn": _("Withdrawn. It is a draft again."),
    "handed-over": _("Handed over. It is waiting in the other language."),
    "invited": _("The invitation is made. Copy its link and send it to the person."),
    "removed": _("Removed."),
    "added": _("Added."),
    "rated": _("Thank you. Your opinion is recorded."),
    "checked": _("Thank you. Your answer is recorded."),
    "sampled": _("The sample is drawn."),
    "round-opened": _("The round is open. People see it under “Judge answers”."),
    "round-closed": _("The round is closed. What was said stays."),
    "password": _("Your password is changed. Other devices are logged out."),
    "revoked": _("The token is revoked."),
    "roles": _("The roles are changed. The person has to log in again."),
    "deactivated": _("The person can no longer log in."),
    "logged-out": _("You are logged out."),
    "drafted": _("The model has written a draft. Read every word and mend it before you submit."),
}
