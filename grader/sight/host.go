package sight

// AskedHost is the host name by which the student's HAProxy, at a published port,
// leads requests to servers that it does not lead there by its address; "" if there
// is none, or no need for one.
func (v *View) AskedHost(public string) string {
	px := v.Proxy()
	if px == nil {
		return ""
	}
	private, ok := Inside(px, public)
	if !ok {
		return ""
	}
	return v.Config(px).HostFor(private)
}
