module aks-delivery/bench/shaper

go 1.24
