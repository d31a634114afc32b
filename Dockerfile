# docker build --build-arg VERSION=v0.1.0 -t phasemig .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
# Static, since the image has no libc. The version is put in by hand: the build's context has no history.
RUN CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo \
    -ldflags "-s -w -linkmode external -extldflags '-static' -X github.com/phasemig/phasemig/cmd/internal/cli.stamped=${VERSION}" \
    -o /phasemig ./cmd/phasemig

# Certificates and time zones, no shell. It runs as any user and writes nothing.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /phasemig /usr/local/bin/phasemig
# phasemig.yaml and plans are mounted here.
WORKDIR /etc/phasemig
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/phasemig"]
