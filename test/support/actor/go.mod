module actor

go 1.25.0
