CREATE TABLE "telemetry" (
	"peer" text PRIMARY KEY NOT NULL,
	"at" bigint NOT NULL,
	"received_at" bigint NOT NULL,
	"cpus" integer NOT NULL,
	"cpu_busy_percent" integer NOT NULL,
	"memory_used_percent" integer NOT NULL,
	"gpus" integer NOT NULL,
	"gpu_busy_percent" integer,
	"temperature_c" integer,
	"jobs_running" integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX "telemetry_received" ON "telemetry" USING btree ("received_at");