package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/registry/firmware"
)

const tagFirmware = "Firmware"

type imageList struct {
	Images []firmware.Image `json:"images"`
}

// OfImage is the path of everything that is about one firmware image.
type OfImage struct {
	ID string `path:"id" maxLength:"60" doc:"fmw_…"`
}

// Because is a decision with its reason.
type Because struct {
	Reason string `json:"reason" minLength:"10" maxLength:"1000"`
}

// ownImage reads an image of the caller's organisations; an operator reads all.
func (a *API) ownImage(ctx context.Context, id string) (firmware.Image, error) {
	i, err := a.firmware.Image(ctx, id)
	if err == nil {
		_, err = a.ownProduct(ctx, i.Product)
	}
	return i, err
}

func (a *API) mountFirmware() {
	startup(a, huma.Operation{
		OperationID: "announce-firmware", Method: http.MethodPost, Path: "/products/{id}/firmware", Tags: []string{tagFirmware},
		Summary: "Announce a firmware image", DefaultStatus: http.StatusCreated,
		Description: "By its signed manifest: a compact JWS with EdDSA and typ proofmark-firmware, by a vendor key of the organisation (kid), over {model, version, sha256, size, hardware}. The bytes come next.",
	}, func(ctx context.Context, in *struct {
		OfProduct
		Body struct {
			Manifest  string `json:"manifest" minLength:"10" maxLength:"20000" doc:"The JWS."`
			Changelog string `json:"changelog" minLength:"1" maxLength:"20000" doc:"For the owners of the devices."`
		}
	},
	) (*reply[firmware.Image], error) {
		p, err := a.ownProduct(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return answer(a.firmware.Announce(ctx, p, actorOf(ctx).Account, in.Body.Manifest, in.Body.Changelog))
	})
	startup(a, a.takesFile(huma.Operation{
		OperationID: "put-firmware", Method: http.MethodPut, Path: "/firmware/{id}/image", Tags: []string{tagFirmware},
		Summary: "Upload the bytes of an announced image", Description: "At most 256 MiB. Their SHA-256 and size must be those of the manifest.",
	}), func(ctx context.Context, in *struct {
		OfImage
		Upload
	},
	) (*reply[firmware.Image], error) {
		i, err := a.ownImage(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		file, err := a.receive(ctx, &in.Upload, media.Firmware)
		if err != nil {
			return nil, err
		}
		return answer(a.firmware.Keep(ctx, i.ID, actorOf(ctx).Account, file.Ref))
	})
	startup(a, huma.Operation{
		OperationID: "list-firmware", Method: http.MethodGet, Path: "/products/{id}/firmware", Tags: []string{tagFirmware},
		Summary: "List the firmware images of a product", Description: "The newest version first.",
	}, func(ctx context.Context, in *OfProduct) (*reply[imageList], error) {
		if _, err := a.ownProduct(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.firmware.Images(ctx, in.ID)
		return answer(imageList{each(found, func(i firmware.Image) firmware.Image { return i })}, err)
	})
	startup(a, huma.Operation{
		OperationID: "get-firmware", Method: http.MethodGet, Path: "/firmware/{id}", Tags: []string{tagFirmware},
		Summary: "Read a firmware image",
	}, func(ctx context.Context, in *OfImage) (*reply[firmware.Image], error) {
		return answer(a.ownImage(ctx, in.ID))
	})
	startup(a, huma.Operation{
		OperationID: "revoke-firmware", Method: http.MethodPost, Path: "/firmware/{id}/revoke", Tags: []string{tagFirmware},
		Summary: "Revoke a firmware image, for good", Description: "A rollout of it stops with the same word, and nobody downloads it any more.",
	}, func(ctx context.Context, in *struct {
		OfImage
		Body Because
	},
	) (*reply[firmware.Image], error) {
		if _, err := a.ownImage(ctx, in.ID); err != nil {
			return nil, err
		}
		return answer(a.firmware.Revoke(ctx, in.ID, actorOf(ctx).Account, in.Body.Reason))
	})
}
