// Package verifier decides whether a credential is authentic, anchored, by a trusted
// issuer and in force, from data alone.
//
//	trust, err := verifier.ParseTrust(trustFile, openBesideIt)
//	evidence, err := verifier.ParseEvidence(evidenceFile)
//	report := verifier.Check(raw, evidence, trust, at)
//	if report.Verdict != verifier.Valid { … }
//
// # What a verdict means
//
// A report has steps in four groups. Integrity asks whether the document is what was
// signed and anchored, issuer whether one who is trusted did it, standing whether the
// issuer has since taken it back, freshness whether what is known is recent and strong
// enough. Each step passes because a check said yes, never because none said no:
//
//   - a failed step of integrity or issuer makes the verdict Invalid,
//   - else a failed step of standing makes it NotInForce,
//   - else any step that could not be judged makes it Indeterminate,
//   - else it is Valid.
//
// Missing evidence, an unknown issuer, a stale list: Indeterminate. Nobody called the
// document forged. The zero Verdict is Indeterminate.
//
// # What Valid does not mean
//
// That the bearer is the subject, that the subject is competent, or that nothing
// happened since the moment the status list speaks about. Callers must compare the
// claims in Report.Claims, not the file's own text, with whom they have before them.
package verifier
