package evidence

import "fmt"

// NumbersKept is how many numbers of one answer are kept at most: all of them, or
// the first and the last half of so many. So the nth from the front and the nth from
// the end, up to [NumberPlaces], are found in the same way in either case.
const NumbersKept = 8

// NumberPlaces is how many places there are to look for a number in: so many from
// the front of a page, and as many from its end.
const NumberPlaces = NumbersKept / 2

// MaxDigits is how many digits a number has at most; longer ones are not kept.
const MaxDigits = 18

// NumberAt is the number at a place of an answer's: 0 is the first, -1 the last. It
// gives false where there is none, or where the place is not one to look in.
func NumberAt(numbers []int64, place int) (int64, bool) {
	i := place
	if place < 0 {
		i, place = len(numbers)+place, -1-place
	}
	if place >= NumberPlaces || i < 0 || i >= len(numbers) {
		return 0, false
	}
	return numbers[i], true
}

// numbersValid holds the promise that numbers belong to the sequence and are few.
func (t *Trace) numbersValid() error {
	if len(t.Numbers) > 0 && len(t.Numbers) != len(t.Sequence) {
		return fmt.Errorf("numbers of %d answers for a sequence of %d", len(t.Numbers), len(t.Sequence))
	}
	for i, n := range t.Numbers {
		if len(n) > NumbersKept {
			return fmt.Errorf("answer %d has %d numbers", i, len(n))
		}
	}
	return nil
}
