package evidencefile

// Redraw makes f the file that another release of the program would have made, which draws
// one page otherwise: the result names the page as it is, and s has signed the result.
func Redraw(f *File, page string, raw []byte, s *Signer) error {
	j, err := judge(f.inputs())
	if err != nil {
		return err
	}
	f.members[page] = raw
	*f.result.member(page) = Member{page, sum(raw), len(raw)}
	if f.members[nameResult], err = canonicalOf(f.result); err != nil {
		return err
	}
	delete(f.members, nameStatement)
	if s == nil {
		return nil
	}
	f.members[nameStatement], err = j.sign(f, s)
	return err
}
