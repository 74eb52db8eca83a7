package check

func short(id string) string { return id[:min(len(id), shortID)] }
