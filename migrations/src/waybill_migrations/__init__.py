"""waybill_migrations"""
