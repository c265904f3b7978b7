drop table photo_results, photo_chunks, photo_uploads, photos;
