module distsys

go 1.21
