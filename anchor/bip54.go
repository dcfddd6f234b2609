package anchor

import "fmt"

// bip54Grace is how many seconds a period may start before the last one ended.
const bip54Grace = 2 * 3600

// BIP54Warnings applies the two time rules of BIP54, which no network enforces yet, to
// the headers of a run: the first block of a period may not lie more than two hours
// before the last one of the period before, and the last block not before the first.
func BIP54Warnings(run HeaderRun) []Warning {
	if run.check("headers") != nil {
		return nil
	}
	return bip54Warnings(run.at, run.Start, run.end()-1)
}

func bip54Warnings(at history, from, to Height) []Warning {
	var list []Warning
	for h := from; h <= to; h++ {
		other, least := Height(-1), int64(0)
		switch h % period {
		case 0:
			other, least = h-1, -bip54Grace
		case period - 1:
			other = h - (period - 1)
		default:
			continue
		}
		header, _ := at(h)
		if earlier, ok := at(other); ok && int64(header.Seconds())-int64(earlier.Seconds()) < least {
			list = append(list, Warning{WarnBIP54, fmt.Sprintf("block %d is too far before block %d", h, other)})
		}
	}
	return list
}
