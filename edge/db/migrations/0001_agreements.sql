CREATE TABLE "agreements" (
	"lock" text PRIMARY KEY NOT NULL,
	"paid" bigint NOT NULL,
	"voucher_signature" text NOT NULL,
	"close_signature" text NOT NULL,
	"secret" text,
	"arrived_at" bigint NOT NULL
);
