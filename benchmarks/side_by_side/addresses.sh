# The database of the harness, as each of our roles sees it.
as_role() { echo "$DATABASE_URL" | sed "s#postgres@#$1@#"; }

case $PEER_ROLE in
worker) WAYBILL_DATABASE_URL=$(as_role waybill_processor) ;;
*) WAYBILL_DATABASE_URL=$(as_role waybill_api) ;;
esac
WAYBILL_RELAY_DATABASE_URL=$(as_role waybill_relay)
export WAYBILL_DATABASE_URL WAYBILL_RELAY_DATABASE_URL
