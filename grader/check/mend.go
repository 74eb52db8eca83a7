package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// edit is what is to become of one line of a configuration file.
type edit struct {
	line haproxy.Line
	how  string // line (in its place), delete, add (below it)
	text string // without indentation
}

func (e edit) msg() i18n.Msg {
	text := e.text
	if e.how == "delete" {
		text = clip(strings.TrimSpace(e.line.Text), 120)
	}
	return i18n.M("check.edit_"+e.how, "line", e.line.Num, "text", text)
}

// maxEdits is how many edits a hint lists; who has more to do is shown the
// whole file.
const maxEdits = 12

// mend says how a configuration is edited, and how HAProxy gets to read it. With
// too much to edit, or nothing that can be, it gives the file as it should be.
func (in *Input) mend(px *evidence.Proxy, edits []edit) i18n.Msg {
	px = in.renamed(px)
	if len(edits) == 0 || len(edits) > maxEdits {
		return in.rewrite(px)
	}
	file := edits[0].line.File
	edits = slices.DeleteFunc(slices.Clone(edits), func(e edit) bool { return e.line.File != file })
	slices.SortStableFunc(edits, func(a, b edit) int { return a.line.Num - b.line.Num })
	at, name := editedAt(px, file), hostPath(px, file)
	head := i18n.M("check.edit_file", "file", name, "node", at)
	if at == "" {
		head = i18n.M("check.edit_here", "file", name)
	}
	lines := []i18n.Msg{fetchFile(px, file), head}
	for _, e := range edits {
		lines = append(lines, e.msg())
	}
	return steps(append(lines, putFile(px, file), in.reload(px, ""))...)
}

// rewrite gives the whole file as the handout has it; empty if its servers can't
// be known yet.
func (in *Input) rewrite(px *evidence.Proxy) i18n.Msg {
	px = in.renamed(px)
	text, ok := in.freshConfig(px)
	if !ok || len(px.Files) == 0 {
		return i18n.M("check.mend_later")
	}
	file := px.Files[0].Path
	name := hostPath(px, file)
	return steps(writeFile(editedAt(px, file), name, text), putFile(px, file), in.reload(px, ""))
}

// localFile is where a student edits a file that is mounted from nowhere.
const localFile = "haproxy.cfg"

// editedAt is the node where a file is edited; "" is where the student is, which is
// any manager: a swarm config is on none.
func editedAt(px *evidence.Proxy, file string) string {
	if px.Kind == "service" && hostPath(px, file) == localFile {
		return ""
	}
	return px.Hostname
}

// fetchFile gets a file that no bind mount shows out of the container or the
// swarm config; empty where there is one.
func fetchFile(px *evidence.Proxy, file string) i18n.Msg {
	if hostPath(px, file) != localFile {
		return i18n.Msg{}
	}
	if px.Kind == "service" {
		if old, _ := swarmConfig(px); old != "" {
			return do(`docker config inspect -f '{{printf "%s" .Spec.Data}}'`, old, ">", localFile)
		}
		return i18n.Msg{}
	}
	return doAt(px.Hostname, "docker", "cp", px.Name+":"+quote(file), localFile)
}

// putFile is the way back; a swarm config's is part of the reload.
func putFile(px *evidence.Proxy, file string) i18n.Msg {
	if hostPath(px, file) != localFile || px.Kind == "service" {
		return i18n.Msg{}
	}
	return doAt(px.Hostname, "docker", "cp", localFile, px.Name+":"+quote(file))
}

// freshConfig is a configuration as the handout has it, for a HAProxy that may
// not exist yet; false if its servers can't be known.
func (in *Input) freshConfig(px *evidence.Proxy) (string, bool) {
	w := in.wants()
	rights := in.rights(px, w)
	if len(rights) == 0 || w.frontend == "" {
		return "", false
	}
	port := w.frontend
	if px != nil {
		if private, ok := sight.Inside(px, port); ok {
			port = itoa(private)
		}
	}
	var b strings.Builder
	if w.follows && w.toTasks {
		b.WriteString("resolvers " + dockersDNS + "\n    nameserver dns 127.0.0.11:53\n\n")
	}
	b.WriteString("defaults\n    mode " + w.mode + "\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\n")
	b.WriteString("frontend http-in\n    bind *:" + port + "\n    default_backend servers\n")
	if w.stats {
		b.WriteString("    stats enable\n    stats uri " + statsURI + "\n")
	}
	b.WriteString("\nbackend servers\n    balance " + w.balance + "\n")
	if w.sticky {
		b.WriteString("    cookie " + stickyName + " insert indirect nocache dynamic\n    dynamic-cookie-key " + stickyKey + "\n")
	}
	if w.follows && w.toTasks {
		b.WriteString("    " + template("container", in.View.Subject().Name, w.inner, dockersDNS) + "\n")
		return b.String(), true
	}
	for _, r := range rights {
		b.WriteString("    " + r.text(r.name) + "\n")
	}
	return b.String(), true
}

// withoutWord takes a word, and so many after it, out of a line.
func withoutWord(l haproxy.Line, word string, after int) string {
	words := slices.Clone(l.Words)
	for i := 3; i < len(words); i++ {
		if words[i] == word {
			words = slices.Delete(words, i, min(i+1+after, len(words)))
			i--
		}
	}
	return written(words)
}

// written are words as a line of a configuration holds them.
func written(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\"'\\#") {
			w = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`
		}
		out[i] = w
	}
	return strings.Join(out, " ")
}
