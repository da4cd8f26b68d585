module aks-delivery/test/greeter

go 1.25.0
