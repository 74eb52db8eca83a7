package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// snapshotNeed is what every check of the service itself wants.
func snapshotNeed(service, port string) []Need {
	return []Need{{Kind: "snapshot", Service: service, Port: port}}
}

// serviceParams names the variable that holds the service's name.
type serviceParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Port is the variable with the port that may give a misnamed service
	// away.
	Port string `yaml:"port"`
	// Unpublished says that the service is to publish none: Port counts for nothing.
	Unpublished bool `yaml:"unpublished"`
	// Network is the variable with the network that may do so too. It may be left out.
	Network string `yaml:"network"`
}

func (p *serviceParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service)
	if !p.Unpublished {
		errs = append(errs, varsExist(vars, "port", p.Port)...)
	}
	if p.Network != "" {
		errs = append(errs, varsExist(vars, "network", p.Network)...)
	}
	return errs
}

// port is "" where there is to be none.
func (p *serviceParams) port() string {
	if p.Unpublished {
		return ""
	}
	return p.Port
}

var serviceDefaults = serviceParams{Service: "service", Port: "published"}

// serviceExists passes when a service has exactly the derived name.
func serviceExists() Kind {
	return define("service-exists", false, serviceDefaults,
		func(p *serviceParams) []Need {
			return []Need{{Kind: "snapshot", Service: p.Service, Port: p.port(), Network: p.Network}}
		},
		func(in *Input, p *serviceParams) Result {
			name := in.Vars[p.Service]
			r := Result{Expected: Facts{"service": name}}
			if svc := in.View.Service(p.Service); svc != nil {
				r.Outcome = Pass
				r.Observed = Facts{"service": svc.Name, "id": svc.ID}
				r.Message = i18n.M("check.service_found", "service", name)
				return r
			}
			r.Outcome = Fail
			alike := in.View.Alike(p.Service, p.port(), p.Network)
			r.Observed = Facts{"service": nil, "similar": nonNil(alike)}
			if len(alike) > 0 {
				r.Message = i18n.M("check.service_misnamed", "service", name, "similar", alike)
				r.Hint = in.misnamed(name, alike)
				return r
			}
			r.Message = i18n.M("check.service_none", "service", name)
			r.Hint = in.createHint(name)
			return r
		})
}

// createHint is how the service comes to be, with the network that it is on.
func (in *Input) createHint(name string) i18n.Msg {
	w := in.wants()
	var first i18n.Msg
	if w.network != "" && !w.joins && !in.View.HasNetwork(w.network) {
		first = do("docker network create -d overlay --attachable", w.network)
	}
	return steps(i18n.M("check.service_none_hint", "service", name), first, do(in.createService(name)))
}

// misnamed is how the student's service gets its name; one that is somebody
// else's is left alone.
func (in *Input) misnamed(name string, alike []string) i18n.Msg {
	for _, other := range alike {
		svc := in.View.ServiceNamed(other)
		if in.View.IsAnothers(svc) {
			continue
		}
		again := in.serviceAgain(svc, func(s *evidence.Service, _ *[]string) { s.Name = name })
		var ask i18n.Msg
		if client := in.wants().client; client != "" {
			ask = i18n.M("check.counter_renamed_hint", "store", name, "service", client, "other", other)
		}
		return steps(i18n.M("check.service_misnamed_hint", "service", name, "other", other), do("docker service rm", other), do(again), ask)
	}
	return in.createHint(name)
}

// imageParams lists the images that are accepted.
type imageParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Images are the names accepted: "a/b" matches any image whose path ends in
	// those parts, with any registry and tag; "a/b:1" wants that tag.
	Images []string `yaml:"images"`
}

func (p *imageParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service)
	if len(p.Images) == 0 {
		errs = append(errs, paramError("images", i18n.M("check.param_empty", "param", "images")))
	}
	return errs
}

// serviceImage passes when the service runs one of the accepted images.
func serviceImage() Kind {
	return define("service-image", false, imageParams{Service: "service"}, func(p *imageParams) []Need { return snapshotNeed(p.Service, "") },
		func(in *Input, p *imageParams) Result {
			svc := in.View.Service(p.Service)
			if svc == nil {
				return noService(in, p.Service)
			}
			r := Result{
				Outcome:  Fail,
				Observed: Facts{"image": svc.Image},
				Expected: Facts{"images": p.Images},
			}
			for _, want := range p.Images {
				if sight.ImageMatches(svc.Image, want) {
					r.Outcome = Pass
					r.Message = i18n.M("check.image_ok", "image", svc.Image)
					return r
				}
			}
			r.Message = i18n.M("check.image_other", "image", svc.Image, "want", p.Images)
			r.Hint = i18n.M("check.image_hint", "service", svc.Name, "want", in.imageLike(p.Images))
			return r
		})
}

// envParams names an environment variable and the value it must have.
type envParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Env is the name of the environment variable.
	Env string `yaml:"env"`
	// Value is the variable that holds the wanted value.
	Value string `yaml:"value"`
	// Optional lets the environment variable be missing, but not have another
	// value.
	Optional bool `yaml:"optional"`
}

func (p *envParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service, "value", p.Value)
	if p.Env == "" {
		errs = append(errs, paramError("env", i18n.M("check.param_empty", "param", "env")))
	}
	return errs
}

// serviceEnv passes when the service sets an environment variable to the
// student's own value, or, where it is optional, to no other.
func serviceEnv() Kind {
	return define("service-env", false, envParams{Service: "service", Env: "STUDENT_ID", Value: "id"},
		func(p *envParams) []Need { return snapshotNeed(p.Service, "") },
		func(in *Input, p *envParams) Result {
			svc := in.View.Service(p.Service)
			if svc == nil {
				return noService(in, p.Service)
			}
			want := in.Vars[p.Value]
			got, found, alike := sight.LookupEnv(svc, p.Env)
			r := Result{
				Outcome:  Fail,
				Observed: Facts{"env": p.Env, "value": nil},
				Expected: Facts{"env": p.Env, "value": want},
				Hint:     i18n.M("check.env_hint", "service", svc.Name, "env", p.Env, "want", want),
			}
			if found {
				r.Observed["value"] = got
			}
			switch {
			case found && got == evidence.Hidden:
				return ungraded("env/"+p.Env, i18n.M("check.env_hidden", "env", p.Env))
			case found && strings.TrimSpace(got) == want:
				r.Outcome, r.Hint = Pass, i18n.Msg{}
				r.Message = i18n.M("check.env_ok", "env", p.Env, "value", got)
			case found && p.Value == "id" && sight.SameButZeros(got, want):
				// The roster's doing more often than the student's.
				r.Outcome, r.Hint = Pass, i18n.Msg{}
				r.Message = i18n.M("check.env_zeros", "env", p.Env, "value", got, "want", want)
			case found && strings.TrimSpace(got) == "":
				r.Message = i18n.M("check.env_empty", "env", p.Env)
			case found:
				r.Message = i18n.M("check.env_other", "env", p.Env, "value", got, "want", want)
			case alike != "" && !p.Optional:
				r.Observed["similar"] = alike
				r.Message = i18n.M("check.env_misnamed", "env", p.Env, "similar", alike)
				r.Hint = i18n.M("check.env_misnamed_hint", "service", svc.Name, "env", p.Env, "want", want, "similar", alike)
			case p.Optional:
				r.Outcome, r.Hint = Pass, i18n.Msg{}
				r.Message = i18n.M("check.env_optional", "env", p.Env)
			default:
				r.Message = i18n.M("check.env_missing", "env", p.Env)
			}
			return r
		})
}

// Images are the images that a rubric accepts for the students' services.
func Images(rub *rubric.Rubric) []string {
	var out []string
	for _, task := range rub.Tasks {
		for _, c := range task.Checks {
			if p, ok := c.Params.(*imageParams); ok {
				out = append(out, p.Images...)
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out
}

// ImagesOf are the images that a rubric accepts, by the variable with the service's name.
func ImagesOf(rub *rubric.Rubric) map[string][]string {
	out := map[string][]string{}
	for _, task := range rub.Tasks {
		for _, c := range task.Checks {
			if p, ok := c.Params.(*imageParams); ok {
				out[p.Service] = append(out[p.Service], p.Images...)
			}
		}
	}
	return out
}
