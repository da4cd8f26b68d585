// Package rest stands in for k8s.io/client-go/rest: charts are rendered without a cluster.
package rest

// Config is the address of a cluster; there is none.
type Config struct{}
