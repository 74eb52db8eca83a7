package check

// View indexes a case for one student.
type View struct{}
