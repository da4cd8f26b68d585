module aks-delivery/sandbox/pause

go 1.25.0
