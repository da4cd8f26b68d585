// Package kubernetes stands in for k8s.io/client-go/kubernetes, which Helm imports only to know its version.
package kubernetes
