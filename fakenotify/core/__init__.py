"""What any fake of a REST API needs: clock, sids, errors, parameters, paging, store. It opens no socket."""
