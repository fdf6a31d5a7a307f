# The site's built files. Running Gradus needs neither Node nor this target: site/static is committed.
.PHONY: site
site: site/node_modules/.package-lock.json ## bundle style, scripts and fonts into site/static (needs Node)
	cd site && node build.mjs

site/node_modules/.package-lock.json: site/package-lock.json
	cd site && npm ci --no-audit --no-fund
	@touch $@
