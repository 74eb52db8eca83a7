package loadgen

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// stepsPerHalf is as in what HdrHistogram and wrk2 write.
const stepsPerHalf = 5

// WriteHGRM writes a distribution as the text that HdrHistogram writes of percentiles and
// its plotter reads (outputPercentileDistribution of its Java library, plotFiles.html), in
// milliseconds. The last line has no fourth column there either. Of none it has a head and
// a foot only.
func (d Distribution) WriteHGRM(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")
	for _, s := range d.Steps(stepsPerHalf) {
		fmt.Fprintf(&b, "%12.6f %2.12f %10d", millis(s.Value), s.Level, s.Count)
		if s.Level < 1 {
			fmt.Fprintf(&b, " %14.2f", 1/(1-s.Level))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n", millis(d.Mean()), millis(d.Deviation()))
	fmt.Fprintf(&b, "#[Max     = %12.6f, Total count    = %12d]\n", millis(d.Max()), d.Count())
	fmt.Fprintf(&b, "#[Buckets = %12d, SubBuckets     = %12d]\n", maxBits-subBits, 2*subBuckets)
	_, err := w.Write(b.Bytes())
	return err
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
