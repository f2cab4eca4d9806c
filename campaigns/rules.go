package campaigns

import "github.com/proofmark/proofmark/certification"

// Rules are the reasons for which something about a campaign is refused; their ids
// are part of the interface and are never renamed. The gate has rules of its own
// (certification.Rules): gate-closed is one of them.
var Rules = []certification.Rule{
	{ID: "campaign-member", Means: "Only a member of the startup writes its campaigns."},
	{ID: "campaign-reviewer", Means: "Only a reviewer approves a campaign or sends it back."},
	{ID: "campaign-own", Means: "Nobody approves a campaign that he wrote."},
	{ID: "campaign-tie", Means: "Nobody reviews or moderates a campaign of an organisation that he is a member of."},
	{ID: "campaign-operator", Means: "Only an operator may do this."},
	{ID: "campaign-table", Means: "The table of states has no such move from where the campaign stands, or not for this person."},
	{ID: "campaign-reason", Means: "To send back, to cancel or to hide takes a reason of 10 to 1,000 characters."},
	{ID: "campaign-product", Means: "A campaign sells a product of its own organisation."},
	{ID: "campaign-form", Means: "Title of 3 to 100 characters, tagline up to 200, story and risks up to 50,000 each, 20 pictures with an alternative text, 50 questions; a category of the list; plain text without control characters."},
	{ID: "campaign-complete", Means: "For its review a campaign has a tagline, a category, a story, risks and a picture."},
	{ID: "campaign-price", Means: "The price is above 0 and in the range of the currency; a retail price is not below it."},
	{ID: "campaign-target", Means: "The target is 1 to 10,000,000 units; the spare units are 10 % of it at most."},
	{ID: "campaign-stock", Means: "A stock limit is not below the target, and those of the variants together are not either."},
	{ID: "campaign-limit", Means: "A limit per backer is 1 to 1,000 units; none is written as 0."},
	{ID: "campaign-variants", Means: "Variants are 50 at most, have different names of 1 to 60 characters, and a stock that the campaign's has room for."},
	{ID: "campaign-regions", Means: "A campaign sells to at least one of the regions of docs/regulatory.md, each named once."},
	{ID: "campaign-window", Means: "A campaign is open for 1 hour to 90 days; when it is submitted and approved it opens in the future, within 365 days."},
	{ID: "campaign-ship", Means: "The last unit is promised for a day after the deadline, and less than 365 days after the opening."},
	{ID: "campaign-schedule", Means: "At most 50 % of the price are advanced at success, at most 80 % before the delivery."},
	{ID: "campaign-identity", Means: "An operator has recorded the identity of the startup: legal name, registration number, bank account."},
	{ID: "live-terms", Means: "From its approval on nothing changes of price, target, window, shipping, schedule, regions or limits; only stock may be raised while it is live."},
	{ID: "live-stock", Means: "While a campaign is live its stock limits may be raised; they are never lowered, set or dropped."},
	{ID: "text-state", Means: "The text may be changed until the campaign ends, but not while it is in review; from its approval on each version stays readable."},
	{ID: "identity-form", Means: "An identity has a legal name, a registration number and a reference of a bank account, each of 2 to 200 characters."},
	{ID: "update-form", Means: "An update has a title of 3 to 100 characters and a text of 1 to 50,000, and is of a campaign that was published."},
	{ID: "comment-backer", Means: "Only who has paid units of the campaign comments on it, and members of the startup answer."},
	{ID: "comment-form", Means: "A comment has 1 to 5,000 characters of plain text; an answer is to a comment of the same campaign, not to an answer."},
	{ID: "comment-hidden", Means: "A comment is hidden by an operator without a tie, with a reason, once; what is hidden cannot be answered."},
	{ID: "interest-open", Means: "There is an interest register from the approval of a campaign until it opens."},
	{ID: "interest-form", Means: "Who is not logged in leaves one e-mail address."},
	{ID: "address-form", Means: "A delivery address has a name, a street, a city, a postcode and a telephone number in the forms of its country, which the campaign's regions allow."},
	{ID: "address-missing", Means: "No shipment is prepared of an order whose backer has not said where to."},
}
