package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/webhook"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/firmware"
	"github.com/proofmark/proofmark/registry/homes"
)

// Config says what the API speaks for. Registry, Auth and Bus are needed.
type Config struct {
	Registry *registry.Registry
	Auth     *auth.Service
	OpenID   *auth.OpenID // nil: nobody logs in by another service
	Audit    AuditLog     // nil: the audit log is not shown
	Bus      bus.Bus
	Blobs    blob.Store // of uploaded files
	Webhooks *webhook.Service
	Mail     *mail.Outbox
	Log      *slog.Logger // discards when nil
	Version  string       // of this program, for the document and /healthz; "dev" when empty

	Programme    *certification.Programme // submissions and their screening
	Transparency *translog.Log            // the log of what happened to certificates
	Reviews      *certification.Reviews   // of submissions
	Life         *certification.Life      // of certificates
	Regulatory   *certification.Regulatory
	Certificates CertificateSource // the public registry
	// StatusList is the newest signed status list; none is served when nil.
	StatusList func(ctx context.Context) (certification.SignedStatus, error)
	Issuer     *certification.Issuer // of certificates
	// Keys is the JWK set of all public keys that ever signed.
	Keys func(ctx context.Context) ([]byte, error)
	// Status is a signed status list that looked at the log's first leaves; bundles go
	// without one when nil.
	Status func(ctx context.Context, leaves int64) (string, error)
	// PublicURL is our address as browsers see it: changes may come from its pages.
	PublicURL string
	// Proxies may say in X-Forwarded-For whom they speak for; those of this
	// machine when nil.
	Proxies []netip.Prefix

	Rig    *rig.Rig // runs of submissions' devices
	Homes  *homes.Service
	Claims *claims.Service
	// Bridges carries out what hubs command.
	Bridges *bridges.Service
	// Factory makes devices; without it none are.
	Factory *factory.Service
	// Health and Firmware are of delivered devices; without them there is neither.
	Health   *health.Desk
	Firmware *firmware.Service
	// Book and Campaigns are what orders need; without them there are none.
	Book      *campaigns.Book
	Campaigns campaigns.Store
	Desk      *campaigns.Desk       // where campaigns are written, reviewed and read; none when nil
	Payments  *campaigns.Payments   // without them nothing is paid
	Fulfil    *campaigns.Fulfilment // without it nothing is shipped
	Progress  *Progress             // of campaigns; with a Desk

	// Ready tells of each part that a request needs whether it is there (nil: it
	// is). /readyz calls it with 2 s to answer. Always ready when nil.
	Ready func(ctx context.Context) map[string]error
	// Heartbeat is how often an event stream that has nothing to say says so; 15 s when zero.
	Heartbeat time.Duration
	// Observe hears of every request that was answered: its route as a pattern,
	// never its path, so that it can be a label.
	Observe func(route, method string, status int, d time.Duration)
}

// API answers HTTP. It is made by New and is an http.Handler; event streams end
// with their request's context.
type API struct {
	registry *registry.Registry
	auth     *auth.Service
	browsers *auth.Browsers
	openID   *auth.OpenID
	audit    AuditLog
	bus      bus.Bus
	blobs    blob.Store
	webhooks *webhook.Service
	mail     *mail.Outbox
	log      *slog.Logger
	version  string

	programme    *certification.Programme
	transparency *translog.Log
	reviews      *certification.Reviews
	life         *certification.Life
	regulatory   *certification.Regulatory
	certificates CertificateSource
	statusList   func(ctx context.Context) (certification.SignedStatus, error)
	rig          *rig.Rig
	field        *health.Desk
	firmware     *firmware.Service
	issuer       *certification.Issuer
	keys         func(ctx context.Context) ([]byte, error)
	status       func(ctx context.Context, leaves int64) (string, error)
	homes        *homes.Service
	claims       *claims.Service
	bridges      *bridges.Service
	factory      *factory.Service
	book         *campaigns.Book
	campaigns    campaigns.Store
	desk         *campaigns.Desk
	payments     *campaigns.Payments
	fulfil       *campaigns.Fulfilment
	entrance     http.Handler // the router, with what is answered ahead of it

	ready   func(ctx context.Context) map[string]error
	observe func(route, method string, status int, d time.Duration)

	router *chi.Mux
	huma   huma.API

	sameOrigin *http.CrossOriginProtection
	files      map[string]bool // operations whose body is a file: "POST /api/v1/…"
	fileEnds   map[string]bool // the last segments of their paths
	proxies    []netip.Prefix

	heartbeat time.Duration // between two signs of life of an event stream
}

// New builds the routes.
func New(c Config) *API {
	a := &API{
		registry:     c.Registry,
		auth:         c.Auth,
		browsers:     c.Auth.Browsers(),
		openID:       c.OpenID,
		audit:        c.Audit,
		bus:          c.Bus,
		blobs:        c.Blobs,
		homes:        c.Homes,
		claims:       c.Claims,
		bridges:      c.Bridges,
		factory:      c.Factory,
		book:         c.Book,
		campaigns:    c.Campaigns,
		desk:         c.Desk,
		payments:     c.Payments,
		fulfil:       c.Fulfil,
		programme:    c.Programme,
		webhooks:     c.Webhooks,
		mail:         c.Mail,
		transparency: c.Transparency,
		reviews:      c.Reviews,
		life:         c.Life,
		regulatory:   c.Regulatory,
		certificates: c.Certificates,
		statusList:   c.StatusList,
		rig:          c.Rig,
		field:        c.Health,
		firmware:     c.Firmware,
		issuer:       c.Issuer,
		keys:         c.Keys,
		status:       c.Status,
		log:          c.Log,
		version:      c.Version,
		ready:        c.Ready,
		observe:      c.Observe,
		router:       chi.NewRouter(),
		heartbeat:    cmp.Or(c.Heartbeat, heartbeat),
		sameOrigin:   auth.SameOrigin(c.PublicURL),
		proxies:      c.Proxies,
		files:        make(map[string]bool),
		fileEnds:     make(map[string]bool),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.proxies == nil {
		a.proxies = auth.LocalProxies
	}
	if a.version == "" {
		a.version = "dev"
	}
	a.router.Use(a.front)
	a.router.NotFound(noRoute)
	a.router.MethodNotAllowed(a.wrongMethod)
	a.mountHealth(a.router)
	a.mountLog(a.router)
	if a.statusList != nil {
		a.mountStatus(a.router)
	}
	a.mountKeys(a.router)
	a.mountBundle(a.router)
	if a.payments != nil {
		a.mountProviders(a.router)
	}
	if a.firmware != nil {
		a.mountDownloads(a.router)
	}
	a.router.Group(func(r chi.Router) {
		r.Use(a.authenticate, a.jsonBody)
		a.huma = humachi.New(r, document(a.version))
		a.mountSignUp()
		a.mountLogIn()
		a.mountOpenID()
		a.mountMe()
		a.mountOrgs()
		a.mountMembers()
		a.mountInvitations()
		a.mountAccounts()
		a.mountTokens()
		a.mountAudit()
		a.mountProducts()
		a.mountSpecs()
		a.mountDevices()
		a.mountCredentials()
		a.mountHomes()
		a.mountClaims()
		a.mountFactory()
		a.mountTwin()
		a.mountPresence()
		a.mountHistory()
		a.mountViolations()
		a.mountRequests()
		a.mountProperties()
		a.mountEvents()
		a.mountSubmissions()
		a.mountDocuments()
		a.mountChanges()
		a.mountVendorKeys()
		a.mountReviews()
		a.mountLogProofs()
		a.mountRuns()
		a.mountBundles()
		a.mountCertificates()
		a.mountLife()
		a.mountRegulatory()
		if a.field != nil {
			a.mountField()
		}
		if a.firmware != nil {
			a.mountFirmware()
			a.mountRollouts()
		}
		if a.book != nil {
			a.mountOrders(r)
			a.mountWaiting()
			a.mountLedger()
		}
		if a.desk != nil {
			a.mountAlive()
			a.mountCampaigns()
			a.mountCampaignWriting()
			a.mountCampaignReview()
			a.mountCampaignTalk()
			a.documentProgress()
		}
		if a.payments != nil {
			a.mountPayments()
			a.mountRefunds()
		}
		if a.fulfil != nil {
			a.mountShipments()
			a.mountAddresses()
			a.mountSold(r)
			a.mountPayouts()
		}
		a.mountWebhooks()
		a.mountMailbox()
		a.mountApp(r)
	})
	a.mountDocs(a.router)
	a.entrance = a.router
	if c.Progress != nil {
		a.mountProgress(c.Progress)
		a.entrance = c.Progress.Ahead(a.router)
	}
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.entrance.ServeHTTP(w, r) }
