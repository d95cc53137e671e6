CREATE TABLE "attestations" (
	"lock" text NOT NULL,
	"oracle_key" text NOT NULL,
	"verdict" text NOT NULL,
	"rule" text NOT NULL,
	"paid" bigint NOT NULL,
	"signature" text NOT NULL,
	CONSTRAINT "attestations_lock_oracle_key_pk" PRIMARY KEY("lock","oracle_key")
);
--> statement-breakpoint
CREATE TABLE "cases" (
	"lock" text PRIMARY KEY NOT NULL,
	"quote_cid" text NOT NULL,
	"job_id" text NOT NULL,
	"quote" "bytea" NOT NULL,
	"spec" "bytea",
	"sources" text NOT NULL,
	"state" text NOT NULL,
	"detail" text NOT NULL,
	"spent_by" text,
	"closed_at" bigint,
	"first_seen_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "decisions" (
	"lock" text PRIMARY KEY NOT NULL,
	"verdict" text NOT NULL,
	"rule" text NOT NULL,
	"paid" bigint NOT NULL,
	"decided_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"at" bigint NOT NULL,
	"kind" text NOT NULL,
	"lock" text,
	"detail" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "evidence" (
	"lock" text NOT NULL,
	"cid" text NOT NULL,
	"kind" text NOT NULL,
	"envelope" "bytea" NOT NULL,
	"arrived_at" bigint NOT NULL,
	"received_at" bigint NOT NULL,
	"receipt" "bytea" NOT NULL,
	CONSTRAINT "evidence_lock_cid_pk" PRIMARY KEY("lock","cid")
);
--> statement-breakpoint
CREATE TABLE "nonces" (
	"peer" text NOT NULL,
	"nonce" text NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "nonces_peer_nonce_pk" PRIMARY KEY("peer","nonce")
);
--> statement-breakpoint
CREATE TABLE "replays" (
	"lock" text PRIMARY KEY NOT NULL,
	"manifest_cid" text NOT NULL,
	"outcome" text NOT NULL,
	"detail" text NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "settlements" (
	"tx_id" text PRIMARY KEY NOT NULL,
	"lock" text NOT NULL,
	"cbor" text NOT NULL,
	"paid" bigint NOT NULL,
	"fee" bigint NOT NULL,
	"submitted_at" bigint NOT NULL,
	"state" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "cases_open" ON "cases" USING btree ("closed_at");--> statement-breakpoint
CREATE INDEX "nonces_expiry" ON "nonces" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "settlements_lock" ON "settlements" USING btree ("lock");