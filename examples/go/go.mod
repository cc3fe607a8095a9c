module confab.example/firstmessage

go 1.19
