module aks-delivery/test/subject

go 1.25.0
