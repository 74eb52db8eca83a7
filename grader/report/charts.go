package report

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// Colours of the pictures: each means the same in all of them.
const (
	chartMain    = "5B8DB8"
	chartWait    = "B8C4D0"
	chartMended  = "8FBF7F"
	chartWarming = "E3C565"
	chartFailed  = "D9796E"
)

// area is a column of cells as charts name it.
func area(sheet string, col, from, to int) string {
	return fmt.Sprintf("%s!%s:%s", quoteSheet(sheet), absolute(col, from), absolute(col, to))
}

func solid(color string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
}

// leastChart is the height, in points, below which nothing is seen in a picture.
const leastChart = 170

// pixels of a length in points.
func pixels(points float64) uint { return uint(points * 96 / 72) }

func (b *book) chart(title string, wide, high uint) *excelize.Chart {
	gap, font, varied := uint(40), b.st.font, false
	return &excelize.Chart{
		Dimension: excelize.ChartDimension{Width: wide, Height: high},
		Title: excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{
			Text: title, Font: &excelize.Font{Family: font, Size: 10, Bold: true, Color: "404040"},
		}}},
		Legend:   excelize.ChartLegend{Position: "none"},
		XAxis:    excelize.ChartAxis{Font: excelize.Font{Family: font, Size: 8, Color: "404040"}},
		YAxis:    excelize.ChartAxis{Font: excelize.Font{Family: font, Size: 8, Color: "404040"}, MajorGridLines: true},
		GapWidth: &gap, VaryColors: &varied,
		Format: excelize.GraphicOptions{Positioning: "oneCell", AltText: title},
	}
}

// columnChart is the distribution of the scores.
func (b *book) columnChart(sheet, at, title, names, values string) error {
	c := b.chart(title, 480, 225)
	c.Type = excelize.Col
	c.Series = []excelize.ChartSeries{{Name: title, Categories: names, Values: values, Fill: solid(chartMain)}}
	c.PlotArea = excelize.ChartPlotArea{ShowVal: true}
	c.YAxis.None, c.YAxis.MajorGridLines = true, false
	zero := 0.0
	c.YAxis.Minimum = &zero
	return b.f.AddChart(sheet, at, c)
}

// barChart is a share of each row, a bar in the height of its row. The row says its name;
// only where the picture is higher than its rows, the bars have names of their own.
func (b *book) barChart(sheet, at, title string, high float64, names, values string) error {
	named, wide := high <= leastChart, uint(240)
	if named {
		wide = 300
	}
	c := b.chart(title, wide, pixels(high))
	c.Type = excelize.Bar
	c.Series = []excelize.ChartSeries{{Name: title, Categories: names, Values: values, Fill: solid(chartMain)}}
	c.PlotArea = excelize.ChartPlotArea{ShowVal: true}
	zero, one := 0.0, 1.0
	c.XAxis.ReverseOrder, c.XAxis.TickLabelSkip = true, 1
	c.XAxis.None = !named
	c.YAxis.Minimum, c.YAxis.Maximum, c.YAxis.MajorUnit = &zero, &one, 0.25
	c.YAxis.NumFmt = excelize.ChartNumFmt{CustomNumFmt: "0%"}
	return b.f.AddChart(sheet, at, c)
}

// chartSeries is one series of a picture, under the heading that names it.
type chartSeries struct {
	name, values, color string
}

// stackChart is a strip of stretches of time for each row.
func (b *book) stackChart(sheet, at, title string, high float64, names string, series []chartSeries) error {
	c := b.chart(title, 345, pixels(high))
	c.Type = excelize.BarStacked
	for _, s := range series {
		c.Series = append(c.Series, excelize.ChartSeries{Name: s.name, Categories: names, Values: s.values, Fill: solid(s.color)})
	}
	c.Legend = excelize.ChartLegend{Position: "top", Font: &excelize.Font{Family: b.st.font, Size: 8}}
	zero := 0.0
	c.XAxis.ReverseOrder, c.XAxis.TickLabelSkip = true, 1
	c.YAxis.Minimum = &zero
	return b.f.AddChart(sheet, at, c)
}

// lineChart is a share over time.
func (b *book) lineChart(sheet, at, title string, wide uint, times, values string) error {
	c := b.chart(title, wide, 240)
	c.Type = excelize.Area
	c.Series = []excelize.ChartSeries{{Name: title, Categories: times, Values: values, Fill: solid(chartFailed)}}
	zero, one := 0.0, 1.0
	c.YAxis.Minimum, c.YAxis.Maximum = &zero, &one
	c.YAxis.NumFmt = excelize.ChartNumFmt{CustomNumFmt: "0%"}
	return b.f.AddChart(sheet, at, c)
}
