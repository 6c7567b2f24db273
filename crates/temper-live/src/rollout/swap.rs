//! One container in the place of another, step by step, each with a way back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::Inspect;
use crate::names;
use crate::recreate::Recipe;

/// What of a container is not decided by the translation of its service.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The real name of the container.
    pub(crate) name: String,
    /// The label by which Compose knows that it is up to date.
    pub(crate) hash: String,
    /// Absolute paths of the Compose files, as Compose writes them into the label.
    pub(crate) config_files: String,
}

/// The recipe of the container that takes the place of `old`: everything as Compose translated the service, with the name,
/// the labels and the anonymous volumes that Compose would have given it had it replaced the old one itself.
pub(crate) fn recipe(old: &Inspect, translation: &Inspect, place: &Place) -> Recipe {
    let mut recipe = Recipe::of(translation).named(&place.name);
    keep_anonymous_volumes(&mut recipe, old, translation);
    for (label, value) in compose_labels(old, translation, place) {
        recipe = recipe.label(&label, &value);
    }
    recipe
}

/// Name of the new container until it takes the place of the old one.
pub(crate) fn waiting_name(name: &str, run: &str) -> String {
    format!("{name}.temper-new-{run}")
}

/// Name of the old container until the new one is judged.
pub(crate) fn kept_name(name: &str, run: &str) -> String {
    format!("{name}.temper-old-{run}")
}

/// True for the name of a container that waits for its place or is kept for the way back, in whatever run.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.contains(".temper-new-") || name.contains(".temper-old-")
}

/// Compose's own labels: those that name the project and the place come from the old container, the others tell what the
/// new one was made from.
fn compose_labels(old: &Inspect, translation: &Inspect, place: &Place) -> BTreeMap<String, String> {
    const PREFIX: &str = "com.docker.compose.";
    let labels = |inspect: &Inspect| -> BTreeMap<String, String> {
        let all = inspect.at("/Config/Labels").and_then(Value::as_object);
        let ours = all.into_iter().flatten().filter(|(name, _)| name.starts_with(PREFIX));
        ours.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    };
    let mut result = labels(translation);
    for (name, value) in labels(old) {
        // `replace` is left over from a replacement that Compose did not finish.
        if name != names::REPLACE && !matches!(name.as_str(), names::IMAGE | names::VERSION) {
            result.insert(name, value);
        }
    }
    result.insert(names::CONFIG_HASH.to_owned(), place.hash.clone());
    result.insert(names::CONFIG_FILES.to_owned(), place.config_files.clone());
    result
}

/// Volumes without a name hold data too: the new container mounts those of the old one, as Compose has it.
fn keep_anonymous_volumes(recipe: &mut Recipe, old: &Inspect, translation: &Inspect) {
    let anonymous = anonymous_volumes(translation);
    let of_old = anonymous_volumes(old);
    let Some(binds) = recipe.body.pointer_mut("/HostConfig/Binds").and_then(Value::as_array_mut) else {
        return;
    };
    binds.retain_mut(|bind| {
        let Some((name, rest)) = bind.as_str().and_then(|bind| bind.split_once(':')) else { return true };
        let target = rest.split(':').next().unwrap_or(rest);
        if anonymous.get(target).map(String::as_str) != Some(name) {
            return true;
        }
        // One that the old container did not have is made by the engine, and gets no name either.
        let Some(kept) = of_old.get(target) else { return false };
        *bind = json!(format!("{kept}:{rest}"));
        true
    });
}

/// Volumes that the engine named itself: target to name.
fn anonymous_volumes(inspect: &Inspect) -> BTreeMap<String, String> {
    let mounts = inspect.at("/Mounts").and_then(Value::as_array);
    mounts
        .into_iter()
        .flatten()
        .filter(|mount| mount["Type"] == "volume")
        .filter_map(|mount| Some((mount["Destination"].as_str()?, mount["Name"].as_str()?)))
        .filter(|(_, name)| names::is_engine_id(name))
        .map(|(target, name)| (target.to_owned(), name.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Place, recipe};
    use crate::engine::Inspect;

    const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn inspect(name: &str, project: &str, volume: &str, files: &str) -> Inspect {
        Inspect::new(json!({
            "Id": volume, "Name": format!("/{name}"), "Image": "sha256:1",
            "Config": {"Hostname": "h", "Image": "i", "Labels": {
                "com.docker.compose.project": project, "com.docker.compose.config-hash": "h0",
                "com.docker.compose.container-number": "2", "com.docker.compose.image": volume,
                "com.docker.compose.project.config_files": files, "mine": "kept"}},
            "HostConfig": {"NetworkMode": "shop_default", "Binds": [], "ReadonlyRootfs": true},
            "Mounts": [{"Type": "volume", "Name": volume, "Destination": "/data", "RW": true}],
            "NetworkSettings": {"Networks": {"shop_default": {"NetworkID": "n", "Aliases": [name, "api"]}}}
        }))
    }

    #[test]
    fn the_new_container_has_the_place_of_the_old_one_and_the_settings_of_the_translation() {
        let old = inspect("shop-api-2", "shop", OLD, "/s/compose.yml");
        let translation = inspect("temper-r1-api-1", "temper-r1", NEW, "/s/.temper/api.json");
        let place = Place {
            name: "shop-api-2".to_owned(),
            hash: "h1".to_owned(),
            config_files: "/s/compose.yml,/s/docker-compose.hardened.yml".to_owned(),
        };
        let made = recipe(&old, &translation, &place);
        assert_eq!(made.name, "shop-api-2");
        let labels = &made.body["Labels"];
        assert_eq!(labels["com.docker.compose.project"], "shop");
        assert_eq!(labels["com.docker.compose.config-hash"], "h1");
        assert_eq!(labels["com.docker.compose.image"], NEW);
        assert_eq!(labels["mine"], "kept");
        assert_eq!(
            labels["com.docker.compose.project.config_files"],
            "/s/compose.yml,/s/docker-compose.hardened.yml"
        );
        assert_eq!(made.body["HostConfig"]["Binds"], json!([format!("{OLD}:/data")]));
        let aliases = &made.body["NetworkingConfig"]["EndpointsConfig"]["shop_default"]["Aliases"];
        assert_eq!(*aliases, json!(["shop-api-2", "api"]));
    }
}
