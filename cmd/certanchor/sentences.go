package main

import (
	_ "embed"
	"strings"

	"github.com/certanchor/certanchor/verifier"
)

// A language is one in which verdicts can be explained.
type language int

// The languages.
const (
	english language = iota
	spanish
	french
)

var languages = map[string]language{"en": english, "es": spanish, "fr": french}

//go:embed sentences.txt
var sentenceTable string

// A sentence says why a step did not pass, in each language, and what to do next.
type sentence struct {
	next  string // key of nextSteps
	cause [3]string
}

// sentences has one for each code of the verifier; the English is the verifier's own.
var sentences = func() map[verifier.Code]sentence {
	all := make(map[verifier.Code]sentence)
	for _, line := range strings.Split(strings.TrimSpace(sentenceTable), "\n") {
		f := strings.Split(line, "|")
		all[verifier.Code(f[0])] = sentence{next: f[1], cause: [3]string{spanish: f[2], french: f[3]}}
	}
	for _, c := range verifier.Codes() {
		s := all[c.Code]
		s.cause[english] = c.Meaning
		all[c.Code] = s
	}
	return all
}()

// nextSteps say what a clerk can do.
var nextSteps = map[string][3]string{
	"original": {"Ask the holder for the file as the issuer gave it out; do not rely on this one.",
		"Pida al titular el archivo tal como lo entregó el emisor; no se fíe de este.",
		"Demandez au titulaire le fichier tel que l'émetteur l'a remis ; ne vous fiez pas à celui-ci."},
	"compare": {"Ask the holder for the file as the issuer gave it out; certanchor verify --explain --against ORIGINAL shows where this one differs.",
		"Pida al titular el archivo original; certanchor verify --explain --against ORIGINAL muestra dónde difiere este.",
		"Demandez au titulaire le fichier d'origine ; certanchor verify --explain --against ORIGINAL montre où celui-ci diffère."},
	"gather": {"Gather the evidence again: certanchor evidence FILE --out evidence.json, or ask the holder for theirs.",
		"Reúna las pruebas de nuevo: certanchor evidence ARCHIVO --out evidence.json, o pida las del titular.",
		"Rassemblez les preuves à nouveau : certanchor evidence FICHIER --out evidence.json, ou demandez celles du titulaire."},
	"headers": {"Name a checkpoint pack or a header store of this network in the trust file; certanchor headers makes both.",
		"Nombre un paquete de puntos de control o un almacén de cabeceras en el archivo de confianza; certanchor headers hace ambos.",
		"Nommez un jeu de points de contrôle ou un stock d'en-têtes dans le fichier de confiance ; certanchor headers fait les deux."},
	"upgrade": {"Add the headers that lead to a checkpoint: certanchor evidence upgrade evidence.json --trust trust.json --chain rpc=URL --out evidence.json; for an anchor newer than your checkpoints, name a newer pack or a header store in the trust file (certanchor headers).",
		"Añada las cabeceras que llevan a un punto de control: certanchor evidence upgrade evidence.json --trust trust.json --chain rpc=URL --out evidence.json; para un ancla más nueva que sus puntos de control, nombre un paquete más nuevo o un almacén de cabeceras en el archivo de confianza (certanchor headers).",
		"Ajoutez les en-têtes qui mènent à un point de contrôle : certanchor evidence upgrade evidence.json --trust trust.json --chain rpc=URL --out evidence.json ; pour un ancrage plus récent que vos points de contrôle, nommez un jeu plus récent ou un stock d'en-têtes dans le fichier de confiance (certanchor headers)."},
	"document": {"Get the issuer's document into the evidence: certanchor verify --online lists asks its host, --online resolver=URL a DID resolver.",
		"Añada el documento del emisor a las pruebas: certanchor verify --online lists pregunta a su servidor, --online resolver=URL a un resolutor de DID.",
		"Ajoutez le document de l'émetteur aux preuves : certanchor verify --online lists interroge son serveur, --online resolver=URL un résolveur de DID."},
	"list": {"Get the issuer's newest status list and add it with --status FILE.",
		"Consiga la lista de estados más nueva del emisor y añádala con --status ARCHIVO.",
		"Procurez-vous la liste d'états la plus récente de l'émetteur et ajoutez-la avec --status FICHIER."},
	"trust": {"If you know this issuer, add what is missing to the trust file; docs/files.md explains how.",
		"Si conoce a este emisor, añada lo que falta al archivo de confianza; docs/files.md explica cómo.",
		"Si vous connaissez cet émetteur, ajoutez ce qui manque au fichier de confiance ; docs/files.md explique comment."},
	"pin": {"If you know this context, pin it in the trust file; certanchor verify --explain prints the line.",
		"Si conoce este contexto, fíjelo en el archivo de confianza; certanchor verify --explain imprime la línea.",
		"Si vous connaissez ce contexte, épinglez-le dans le fichier de confiance ; certanchor verify --explain imprime la ligne."},
	"issuer": {"Ask the issuer, by an address you have from elsewhere, not from this file.",
		"Pregunte al emisor, por una dirección que no venga de este archivo.",
		"Demandez à l'émetteur, par une adresse qui ne vient pas de ce fichier."},
	"renew": {"Ask the holder for a newer document.", "Pida al titular un documento más nuevo.", "Demandez au titulaire un document plus récent."},
	"wait":  {"Try again later.", "Inténtelo más tarde.", "Réessayez plus tard."},
	"network": {"An anchor on this network proves nothing to you; ask the holder for one on a network you accept.",
		"Un ancla en esta red no le demuestra nada; pida al titular una en una red que acepte.",
		"Un ancrage sur ce réseau ne vous prouve rien ; demandez au titulaire un ancrage sur un réseau que vous acceptez."},
	"anchor": {"Ask the issuer for an anchored document, or accept its signature alone with \"anchor\": \"optional\" in the trust file.",
		"Pida al emisor un documento anclado, o acepte solo su firma con \"anchor\": \"optional\" en el archivo de confianza.",
		"Demandez à l'émetteur un document ancré, ou acceptez sa seule signature avec \"anchor\": \"optional\" dans le fichier de confiance."},
	"request": {"Ask the holder to present it again, for you and with your challenge.",
		"Pida al titular que lo presente de nuevo, para usted y con su reto.",
		"Demandez au titulaire de le présenter à nouveau, pour vous et avec votre défi."},
	"limit": {"No genuine document of this kind is known; ask the issuer about it.",
		"No se conoce ningún documento auténtico así; pregunte al emisor.",
		"On ne connaît aucun document authentique de ce genre ; demandez à l'émetteur."},
	"other": {"Ask the holder for the document in another form, or use another verifier for this part.",
		"Pida al titular el documento en otra forma, o use otro verificador para esta parte.",
		"Demandez au titulaire le document sous une autre forme, ou utilisez un autre vérificateur pour cette partie."},
	"first": {"See the step before this one.", "Vea el paso anterior.", "Voyez l'étape précédente."},
}

var verdictWords = map[verifier.Verdict][3]string{
	verifier.Valid:         {"VALID", "VÁLIDO", "VALABLE"},
	verifier.NotInForce:    {"NOT IN FORCE", "NO VIGENTE", "PAS EN VIGUEUR"},
	verifier.Indeterminate: {"INDETERMINATE", "INDETERMINADO", "INDÉTERMINÉ"},
	verifier.Invalid:       {"INVALID", "NO VÁLIDO", "NON VALABLE"},
}

// cause says why in the language.
func (l language) cause(c verifier.Code) string { return sentences[c].cause[l] }

// next says what to do about it.
func (l language) next(c verifier.Code) string { return nextSteps[sentences[c].next][l] }
