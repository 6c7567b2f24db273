use proptest::prelude::*;

use super::{applied, diffs, files, in_place, left_out, plan};

#[test]
fn base_file_is_edited_in_its_own_style() {
    let base = "\
# The shop.
services:
    # main program
    api:
        image: shop/api   # built elsewhere
        pid: host
        cap_add: [ SYS_ADMIN, NET_ADMIN ]
        environment:
            - A=1

    embedder: {image: shop/embedder}

    postgres:
        image: postgres:15
        tmpfs: /tmp
        ports:
        - \"5432:5432\" # the accountants
        - 9999:9999
volumes:
    data:
";
    let files = files(&[("compose.yml", base)]);
    insta::assert_snapshot!(diffs(&plan(&files, &in_place())));
    applied(&files, &in_place());
}

#[test]
fn list_behind_an_anchor_stays_for_the_others() {
    let base = "\
x-base: &base
  image: x
  cap_add: [SYS_ADMIN]
  security_opt: &opts
    - label=disable

services:
  a:
    <<: *base
  b:
    image: y
    security_opt: *opts
  c: *base
";
    let files = files(&[("compose.yml", base)]);
    let plan = plan(&files, &in_place());
    insta::assert_snapshot!(format!("{}\n{}", left_out(&plan), diffs(&plan)));
}

#[test]
fn refusal_leads_to_the_place_that_others_share() {
    let base = "\
services:
  a:
    image: x
    extends:
      file: common.yml
      service: base
";
    let common = "services:\n  base:\n    image: x\n    cap_add:\n      - SYS_ADMIN\n";
    let files = files(&[("compose.yml", base), ("common.yml", common)]);
    let left = left_out(&plan(&files, &in_place()));
    assert!(left.contains("the item comes from common.yml:5 through `extends` or `include`"), "{left}");
}

#[test]
fn setting_is_changed_in_the_file_that_decides_it() {
    let files = files(&[
        ("compose.yml", "services:\n  a:\n    image: x\n    read_only: true\n"),
        ("compose.override.yml", "services:\n  a:\n    read_only: false\n    pid: host\n"),
    ]);
    insta::assert_snapshot!(diffs(&plan(&files, &in_place())));
    applied(&files, &in_place());
}

#[test]
fn line_ends_stay() {
    let files = files(&[("compose.yml", "services:\r\n  a:\r\n    image: x\r\n")]);
    let after = applied(&files, &in_place());
    let text = &after["compose.yml"];
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_line_of_the_file_is_still_there(
        comments in proptest::collection::vec("# [a-z :\\[{&*]{0,8}", 4),
        flow: bool, empty: bool, crlf: bool,
    ) {
        let list = if flow { "    cap_drop: [NET_RAW]\n" } else { "    cap_drop:\n      - NET_RAW\n" };
        let [one, two, three, four] = comments.as_slice() else { unreachable!("four were asked for") };
        let text = format!(
            "{one}\nservices:\n  a:\n    {two}\n    image: x {three}\n{}{list}\n  b:\n    image: y\n{four}\n",
            if empty { "\n" } else { "" },
        );
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let before = files(&[("compose.yml", &text)]);
        let after = applied(&before, &in_place());
        let mut new = after["compose.yml"].lines();
        for line in text.lines().filter(|line| !line.contains("cap_drop: [")) {
            prop_assert!(new.any(|other| other == line), "lost {line:?} in {}", after["compose.yml"]);
        }
    }
}
