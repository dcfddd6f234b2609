package synth

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A script is a store of invented syllables. A word is a start, middles and an end.
type script struct {
	starts, middles, ends []string
	cased                 bool
}

// The syllables are invented. They are put together at random, so that no list of real
// names stands behind them.
var (
	plain = script{
		starts:  []string{"bra", "cal", "dor", "el", "fen", "gar", "hal", "il", "jor", "kel", "lan", "mar", "nor", "os", "pel", "quin", "ras", "sel", "tor", "ul", "var", "wen", "yar", "zel", "thra", "stel", "gwin", "plo"},
		middles: []string{"a", "e", "i", "o", "u", "ande", "eri", "ilo", "ona", "uri", "avi", "esto", "imar", "olen"},
		ends:    []string{"ben", "dric", "fall", "gan", "hart", "kin", "len", "mond", "nik", "pham", "quet", "rin", "stad", "tell", "vane", "wick", "xon", "zar", "th", "sk"},
		cased:   true,
	}
	marked = script{
		starts:  []string{"å", "bě", "çe", "dö", "é", "fü", "gå", "hä", "í", "jö", "kř", "lé", "mñ", "nø", "ó", "pê", "rã", "šo", "tū", "ü", "vă", "żo", "đa", "ł", "ō"},
		middles: []string{"ri", "lá", "nē", "mō", "ňa", "stę", "gü", "ça", "hê", "wī", "lño"},
		ends:    []string{"ström", "ček", "ção", "ñez", "łek", "şan", "ðir", "gård", "née", "vić", "țu", "ßen", "õra", "ỳn", "ễm"},
		cased:   true,
	}
	greek = script{
		starts:  []string{"Βρα", "Γελ", "Δορ", "Ζην", "Θαλ", "Καρ", "Λυμ", "Νιρ", "Σεφ", "Φιλ", "Χορ"},
		middles: []string{"ά", "ε", "ο", "ιδα", "ορε", "υλι"},
		ends:    []string{"κης", "ριδης", "πολος", "νας", "μος", "τρης"}, cased: true,
	}
	cyrillic = script{
		starts:  []string{"Бра", "Вол", "Гер", "Дом", "Жел", "Зар", "Кол", "Лад", "Мир", "Рос", "Стел", "Чар"},
		middles: []string{"а", "е", "и", "ови", "ено", "уша"},
		ends:    []string{"вин", "дзе", "ков", "мский", "нюк", "тёв", "щин", "ва"}, cased: true,
	}
	arabic = script{
		starts:  []string{"با", "تر", "جم", "دا", "را", "سل", "شر", "عا", "فر", "كم", "لو", "نو"},
		middles: []string{"ا", "ي", "و", "ما", "لي", "را"},
		ends:    []string{"دين", "ان", "يم", "وش", "اد", "ير", "ون"},
	}
	hebrew = script{
		starts:  []string{"בר", "גל", "דו", "זה", "חר", "טל", "לב", "מר", "נו", "שר"},
		middles: []string{"י", "ו", "א", "לי", "מה"},
		ends:    []string{"ון", "ית", "אל", "ים", "ר", "ן"},
	}
	devanagari = script{
		starts:  []string{"भा", "चन्", "दे", "गो", "हर", "कम", "ला", "मी", "नि", "रो", "सु"},
		middles: []string{"रा", "मि", "लो", "वे", "ना"},
		ends:    []string{"श", "त्र", "ली", "म्बा", "वर", "ता"},
	}
	hangul = script{
		starts:  []string{"갈", "돌", "람", "멜", "볼", "설", "울", "젠", "찰", "탈"},
		middles: []string{"가", "나", "도", "미", "서"},
		ends:    []string{"빈", "솔", "운", "준", "희", "록"},
	}
	han = script{
		starts:  []string{"岚", "泷", "珂", "砚", "翎", "蘅", "霁", "骊"},
		middles: []string{"之", "云", "可"},
		ends:    []string{"山", "川", "石", "舟", "野", "音"},
	}
)

// Shares of name styles, in per mille.
var nameStyles = []struct {
	share int
	name  func(d *draw, middles int) string
}{
	{602, plain.word},
	{170, marked.word},
	{45, apostrophe},
	{75, hyphenated},
	{15, greek.word},
	{25, cyrillic.word},
	{20, arabic.word},
	{10, hebrew.word},
	{15, devanagari.word},
	{10, hangul.word},
	{10, han.word},
	{3, forty},
}

var nameStyleShares = func() []int {
	shares := make([]int, len(nameStyles))
	for i, s := range nameStyles {
		shares[i] = s.share
	}
	return shares
}()

// word returns a name with up to that many syllables between its first and last.
func (s script) word(d *draw, middles int) string {
	var room [128]byte
	b := append(room[:0], s.starts[d.below(len(s.starts))]...)
	for range d.below(middles + 1) {
		b = append(b, s.middles[d.below(len(s.middles))]...)
	}
	b = append(b, s.ends[d.below(len(s.ends))]...)
	if s.cased {
		return capital(string(b))
	}
	return string(b)
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if up := unicode.ToTitle(r); up != r {
		return string(up) + s[n:]
	}
	return s
}

// apostrophe uses both the typewriter's mark and the printer's, as records do.
func apostrophe(d *draw, middles int) string {
	return d.of([]string{"O'", "D'", "N’", "L’", "M'"}) + plain.word(d, middles)
}

func hyphenated(d *draw, middles int) string {
	return plain.word(d, middles) + "-" + plain.word(d, middles)
}

// forty returns a name of exactly 40 characters, where forms often end.
func forty(d *draw, _ int) string {
	var b strings.Builder
	for b.Len() < longName {
		b.WriteString(plain.word(d, 2))
		b.WriteByte(' ')
	}
	s := b.String()[:longName]
	if s[longName-1] == ' ' {
		s = s[:longName-1] + "e"
	}
	return s
}

const longName = 40

// aName returns the index of a name style and a family and a given name in it. People
// whose family name is not Latin have a given name in the same script.
func aName(d *draw) (family, given string) {
	style := d.pick(nameStyleShares)
	family = nameStyles[style].name(d, 1)
	switch style {
	case 2, 3, 11: // marks that families have, given names seldom
		return family, plain.word(d, 0)
	}
	return family, nameStyles[style].name(d, 0)
}
