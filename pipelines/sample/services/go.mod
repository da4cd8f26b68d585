module contoso.example/shop

go 1.24
