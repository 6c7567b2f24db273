module lanternroom.example/notifier

go 1.22
