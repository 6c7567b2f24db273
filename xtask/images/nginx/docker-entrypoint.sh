#!/bin/sh
# Prepares nginx as the official image does: scripts of /docker-entrypoint.d, then templates; then runs the command.
set -eu

# Renders /etc/nginx/templates/NAME.template to /etc/nginx/conf.d/NAME with the variables that are set, and no others:
# nginx has variables of its own.
render_templates() {
    [ -d /etc/nginx/templates ] || return 0
    if [ ! -w /etc/nginx/conf.d ]; then
        echo "entrypoint: /etc/nginx/conf.d is not writable, templates are not rendered" >&2
        return 0
    fi
    names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
    for template in /etc/nginx/templates/*.template; do
        [ -e "$template" ] || continue
        envsubst "$names" < "$template" > "/etc/nginx/conf.d/$(basename "$template" .template)"
    done
}

if [ "${1:-}" = nginx ] || [ "${1:-}" = nginx-debug ]; then
    for script in /docker-entrypoint.d/*.sh; do
        if [ -x "$script" ]; then
            "$script"
        fi
    done
    render_templates
fi

exec "$@"
