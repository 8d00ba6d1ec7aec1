"""Human marks on their way in and out: files of rows, Label Studio, forms to fill in.

`rows` and `labelstudio` read files into rows of named cells, `reading` makes marks of rows,
`checking` holds them against the store, `sampling` draws calls to mark, `forms` writes what people
fill in and `writing` what is stored.
"""
