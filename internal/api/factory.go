package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry/factory"
)

const factoryTag = "Factory"

// Batch is a number of devices that were made or imported together.
type Batch struct {
	ID          string        `json:"id" doc:"bat_…"`
	Product     string        `json:"product_id"`
	Certificate string        `json:"certificate,omitempty" doc:"Serial of the certificate under which they were made."`
	Units       int64         `json:"units"`
	Recipient   string        `json:"recipient,omitempty" doc:"The factory's age public key."`
	State       factory.State `json:"state" enum:"made,delivered,revoked,imported"`
	SHA256      string        `json:"sha256,omitempty" doc:"Of the sealed manifest."`
	Reason      string        `json:"reason,omitempty"`
	CreatedAt   time.Time     `json:"created_at"`
	DeliveredAt *time.Time    `json:"delivered_at,omitempty"`
	RevokedAt   *time.Time    `json:"revoked_at,omitempty"`
}

func batchOf(b factory.Batch) Batch {
	return Batch{
		ID: b.ID, Product: b.ProductID, Certificate: b.Certificate, Units: b.Units, Recipient: b.Recipient, State: b.State, SHA256: b.SHA256,
		Reason: b.Reason, CreatedAt: instant(b.CreatedAt), DeliveredAt: someday(b.DeliveredAt), RevokedAt: someday(b.RevokedAt),
	}
}

type batchList struct {
	Batches []Batch `json:"batches"`
}

type allowance struct {
	Left    int64 `json:"left" doc:"Units that may still be made."`
	Granted int64 `json:"granted" doc:"By operators, each with a reason."`
	Funded  int64 `json:"funded" doc:"By campaigns, with the agreed spares."`
	Made    int64 `json:"made" doc:"Without what was revoked; imports do not count."`
}

// OfFactory is the path of what is made of one product.
type OfFactory struct {
	Product string `path:"product" maxLength:"100" doc:"prd_…"`
}

// OfBatch is the path of one batch.
type OfBatch struct {
	Batch string `path:"batch" maxLength:"100" doc:"bat_…"`
}

func (a *API) mountFactory() {
	startup(a, huma.Operation{
		OperationID: "get-allowance", Method: http.MethodGet, Path: "/products/{product}/allowance", Tags: []string{factoryTag},
		Summary: "How many units of a product may be made",
	}, func(ctx context.Context, in *OfFactory) (*reply[allowance], error) {
		if err := a.ownsProduct(ctx, in.Product); err != nil {
			return nil, err
		}
		left, q, funded, err := a.factory.Allowance(ctx, in.Product)
		return answer(allowance{left, q.Granted, funded, q.Made}, err)
	})
	operator(a, huma.Operation{
		OperationID: "grant-units", Method: http.MethodPost, Path: "/products/{product}/allowance", Tags: []string{factoryTag},
		Summary: "Allow units beyond what campaigns fund", DefaultStatus: http.StatusNoContent, Description: "Negative units take back what was not made.",
	}, func(ctx context.Context, in *struct {
		OfFactory
		Body struct {
			Units  int64  `json:"units" minimum:"-1000000" maximum:"1000000"`
			Reason string `json:"reason" minLength:"3" maxLength:"500"`
		}
	},
	) (*nothing, error) {
		_, err := a.factory.Grant(ctx, actorOf(ctx).Account, in.Product, in.Body.Units, in.Body.Reason)
		return nil, err
	})
	startup(a, huma.Operation{
		OperationID: "make-batch", Method: http.MethodPost, Path: "/products/{product}/batches", Tags: []string{factoryTag},
		Summary: "Make keys and claim codes for a number of devices", DefaultStatus: http.StatusCreated,
		Description: "Up to 10,000, within the allowance, and only for a model with an active certificate. The manifest is signed, and sealed to recipient: " +
			"the factory's age public key, whose private half never comes here.",
	}, func(ctx context.Context, in *struct {
		OfFactory
		Body struct {
			Units     int64  `json:"units" minimum:"1" maximum:"10000"`
			Recipient string `json:"recipient" maxLength:"100" doc:"age1…, from age-keygen at the factory."`
		}
	},
	) (*reply[Batch], error) {
		if err := a.ownsProduct(ctx, in.Product); err != nil {
			return nil, err
		}
		b, err := a.factory.Make(ctx, actorOf(ctx).Account, in.Product, in.Body.Units, in.Body.Recipient)
		return answer(batchOf(b), err)
	})
	startup(a, huma.Operation{
		OperationID: "list-batches", Method: http.MethodGet, Path: "/products/{product}/batches", Tags: []string{factoryTag}, Summary: "List the batches of a product",
	}, func(ctx context.Context, in *OfFactory) (*reply[batchList], error) {
		if err := a.ownsProduct(ctx, in.Product); err != nil {
			return nil, err
		}
		found, err := a.factory.Store.Batches(ctx, in.Product)
		return answer(batchList{each(found, batchOf)}, err)
	})
	startup(a, huma.Operation{
		OperationID: "deliver-batch", Method: http.MethodPost, Path: "/batches/{batch}/manifest", Tags: []string{factoryTag},
		Summary:     "Fetch the sealed manifest of a batch, once",
		Description: "It is forgotten here with this answer. Asking again is refused and recorded. sealed is the age file in base64.",
	}, func(ctx context.Context, in *OfBatch) (*reply[struct {
		Batch  Batch  `json:"batch"`
		Sealed []byte `json:"sealed"`
	}], error,
	) {
		if err := a.ownsBatch(ctx, in.Batch); err != nil {
			return nil, err
		}
		b, sealed, err := a.factory.Deliver(ctx, actorOf(ctx).Account, in.Batch)
		return answer(struct {
			Batch  Batch  `json:"batch"`
			Sealed []byte `json:"sealed"`
		}{batchOf(b), sealed}, err)
	})
	startup(a, huma.Operation{
		OperationID: "revoke-batch", Method: http.MethodPost, Path: "/batches/{batch}/revoke", Tags: []string{factoryTag},
		Summary: "End a batch whose manifest was lost", Description: "Its devices are removed and its units may be made again. Refused once somebody has claimed one of them.",
	}, func(ctx context.Context, in *struct {
		OfBatch
		Body Reasoned
	},
	) (*nothing, error) {
		if err := a.ownsBatch(ctx, in.Batch); err != nil {
			return nil, err
		}
		return nil, a.factory.Revoke(ctx, actorOf(ctx).Account, in.Batch, in.Body.Reason)
	})
	operator(a, huma.Operation{
		OperationID: "import-devices", Method: http.MethodPost, Path: "/products/{product}/devices:import", Tags: []string{factoryTag},
		Summary: "Register devices that were made elsewhere", DefaultStatus: http.StatusCreated, MaxBodyBytes: 2 * batchLimit,
		Description: "All of the file, or nothing with what is wrong by line. file is CSV with a head, or a JSON array; the columns are did and either secret_salt and " +
			"secret_hash (HMAC-SHA256 of the secret under the salt) or key_sha256 (of the certificate's public key in DER form), and claim_salt and claim_hash if it has a label; all in hex.",
	}, func(ctx context.Context, in *struct {
		OfFactory
		Body struct {
			Reason string `json:"reason" minLength:"3" maxLength:"500"`
			File   string `json:"file" maxLength:"4000000"`
		}
	},
	) (*reply[Batch], error) {
		b, err := a.factory.Import(ctx, actorOf(ctx).Account, in.Product, in.Body.Reason, []byte(in.Body.File))
		return answer(batchOf(b), err)
	})
}

// ownsProduct refuses members of other organisations; what is not theirs is not there.
func (a *API) ownsProduct(ctx context.Context, product string) error {
	p, err := a.registry.Product(ctx, product)
	if err != nil {
		return err
	}
	if !isOperator(ctx) && (p.Org == "" || !actorOf(ctx).MemberOf(p.Org)) {
		return newProblem(kindNotFound, "product "+product)
	}
	return nil
}

func (a *API) ownsBatch(ctx context.Context, batch string) error {
	b, err := a.factory.Store.Batch(ctx, batch)
	if err != nil {
		return err
	}
	if a.ownsProduct(ctx, b.ProductID) != nil {
		return newProblem(kindNotFound, "batch "+batch)
	}
	return nil
}
