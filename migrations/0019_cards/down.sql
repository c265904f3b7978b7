drop table workbenches, tiles, card_updates;
drop index outbox_batches_cards;
