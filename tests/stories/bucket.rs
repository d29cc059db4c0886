//! The stories of files once more, with their bytes in a bucket: on a server that speaks S3 and checks each request's
//! signature and what its user may do.

use anteroom::platform::config::{Bucket, ObjectsUrl};
use anteroom::platform::objects::Objects;

use crate::stories;
use crate::support::World;
use crate::support::stored;
use crate::support::world::Plan;

/// A world whose files lie in the bucket, under a prefix of its own.
async fn in_bucket(w: &World, prefix: &str) -> World {
    let mut plan = Plan::new(w.engine);
    plan.objects = Some(ObjectsUrl::Bucket(stored::bucket(&format!("{}/{prefix}", w.engine.word()))));
    World::planned(plan).await
}

stories! {
    async fn the_same_in_a_bucket_a_file_from_staff_to_the_client_and_back(w: &mut World) {
        let mut w = in_bucket(w, "there-and-back").await;
        crate::documents::a_pdf_goes_from_staff_to_the_clients_phone_and_back_again(&mut w).await;
        assert!(!stored::names(&w.objects).is_empty(), "the bytes are in the bucket");
        assert!(!w.database.objects().exists(), "and in no folder");
    }

    async fn the_same_in_a_bucket_a_10_a_11_the_same_file_may_come_twice(w: &mut World) {
        let mut w = in_bucket(w, "twice").await;
        crate::documents::a_10_a_11_the_same_file_may_come_twice_and_again_after_it_was_deleted(&mut w).await;
    }

    async fn the_same_in_a_bucket_b_14_an_upload_that_broke_off_leaves_nothing_behind(w: &mut World) {
        let mut w = in_bucket(w, "broken-off").await;
        crate::documents::b_14_an_upload_that_broke_off_leaves_nothing_behind(&mut w).await;
    }

    async fn the_same_in_a_bucket_b_16_no_byte_of_a_damaged_file_is_shown(w: &mut World) {
        let mut w = in_bucket(w, "damaged").await;
        crate::documents::b_16_a_damaged_file_is_told_to_staff_and_client_and_no_byte_of_it_is_shown(&mut w).await;
    }

    async fn the_same_in_a_bucket_a_file_that_is_not_sent_is_deleted_after_a_day(w: &mut World) {
        let mut w = in_bucket(w, "not-sent").await;
        crate::attachments::a_file_that_is_not_sent_is_deleted_after_a_day_and_a_sent_one_stays(&mut w).await;
    }
}

#[tokio::test]
async fn a_bucket_is_tried_at_the_start_and_what_is_wrong_with_it_is_found_out() {
    let good = stored::bucket("tried");
    let at = |bucket: Bucket| Objects::at(ObjectsUrl::Bucket(bucket));
    let objects = at(good.clone());
    objects.try_out("a-name").await.expect("it does what it must");
    objects.try_out("a-name").await.expect("also under the same name: nothing of it is left");
    assert!(objects.is_answering());
    let nobody = Bucket { endpoint: Some("http://127.0.0.1:1".into()), ..good.clone() };
    for (wrong, says) in [
        (
            Bucket { secret: anteroom::kernel::secrets::Secret::new("another".into()), ..good.clone() },
            "Signature",
        ),
        (Bucket { key_id: "nobody".into(), ..good.clone() }, "InvalidAccessKeyId"),
        (Bucket { name: "another-bucket".into(), ..good.clone() }, ""),
        (nobody, "no connection"),
    ] {
        let objects = at(wrong);
        let said = objects.try_out("a-name").await.expect_err("it does not").chain();
        assert!(said.contains(says) && !said.contains(good.secret.reveal()), "{said}");
        assert!(!objects.is_answering());
    }
}
