# syntax=docker/dockerfile:1
# The program alone, for a PostgreSQL of your own: DATABASE_URL has to be set. compose.yaml puts everything together.

# The same version as in rust-toolchain.toml, which is not copied: its rustfmt and clippy would be downloaded.
FROM rust:1.95.0-slim-bookworm AS toolchain
WORKDIR /src
ENV CARGO_INCREMENTAL=0

# The manifests, and of every source file of a crate's root an empty program. This changes with the dependencies only, so
# that the next stage is taken from the cache when nothing but code has changed.
FROM toolchain AS manifests
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY src src
COPY benches benches
COPY tests/api/main.rs tests/api/main.rs
RUN find ./crates ./src -path '*/src/*/*' -delete \
    && find . -type f ! -name '*.rs' ! -name 'Cargo.toml' ! -name 'Cargo.lock' -delete \
    && find . -type d -empty -delete \
    && echo 'fn main() {}' > /tmp/empty.rs \
    && find . -name '*.rs' -exec cp /tmp/empty.rs {} \;

FROM toolchain AS dependencies
COPY --from=manifests /src ./
RUN cargo build --release --locked --bin scrapersky

FROM dependencies AS build
COPY migrations migrations
COPY rules rules
COPY crates crates
COPY src src
# The files are older than what was built from the empty ones.
RUN find crates src -type f -exec touch {} + \
    && cargo build --release --locked --bin scrapersky \
    && strip target/release/scrapersky

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin scrapersky
WORKDIR /srv/scrapersky
COPY LICENSE Rocket.toml ./
COPY --from=build /src/target/release/scrapersky /usr/local/bin/scrapersky
USER 10001:10001
ENV ROCKET_ADDRESS=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${ROCKET_PORT:-8000} && printf 'GET /ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["scrapersky"]
CMD ["serve"]
